"""What commands, reloads and pauses answer, in Chinese."""

from __future__ import annotations

COMMANDS: dict[str, str] = {
    # pause and resume
    "A pause of no time is none: nothing was done": "暂停时长为零，未执行任何操作",
    "{symbol} is paused: no discretionary orders; panic goes on": "{symbol} 已暂停：不再发送常规委托；紧急减仓照常",
    "Everything is paused: no discretionary orders; panic goes on": "已全部暂停：不再发送常规委托；紧急减仓照常",
    "{symbol} is paused: no discretionary orders; and panic too: only the stops at the exchange protect now": (
        "{symbol} 已暂停：不再发送常规委托，紧急减仓也已暂停；目前仅靠交易所上的止损保护"
    ),
    "Everything is paused: no discretionary orders; and panic too: only the stops at the exchange protect now": (
        "已全部暂停：不再发送常规委托，紧急减仓也已暂停；目前仅靠交易所上的止损保护"
    ),
    "The pause of {symbol} is over; discretion goes on": "{symbol} 的暂停已到期，常规委托继续",
    "The pause of everything is over; discretion goes on": "全部暂停已到期，常规委托继续",
    "There was no live order for it to cancel": "没有需要撤销的在途委托",
    "Cancelled: {list}": "已撤单：{list}",
    "{client_id}, {filled} of {qty} filled": "{client_id}（已成交 {filled}/{qty}）",
    "Filled before it could be cancelled: {list}": "撤单前已全部成交：{list}",
    "Not known yet: {list}": "结果尚未知：{list}",
    "The exchange is asked until it tells, and nothing discretionary is sent for that side meanwhile": (
        "程序会一直向交易所查询，期间该方向不发送常规委托"
    ),
    "{symbol} is resumed": "{symbol} 已恢复",
    "Everything is resumed": "已全部恢复",
    "{symbol} is resumed, but {why}": "{symbol} 已恢复，但{why}",
    "Everything is resumed, but {why}": "已全部恢复，但{why}",
    "everything is paused": "仍处于全部暂停",
    "Undone: {list}": "已解除：{list}",
    "Nothing of it was paused or halted": "原本没有暂停或停止",
    "Discretion still waits: {why}": "常规委托仍在等待：{why}",
    "the pause of {symbol}": "{symbol} 的暂停",
    "the pause of everything": "全部暂停",
    "the halt of the account ({why})": "整个账户的停止（{why}）",
    "the halt of {symbol} {side} ({why})": "{symbol} {side} 的停止（{why}）",
    "all": "全部",
    "all (panic too)": "全部（含紧急减仓）",
    "all until {at}": "全部，至 {at}",
    "all until {at} (panic too)": "全部，至 {at}（含紧急减仓）",
    "{symbol} (panic too)": "{symbol}（含紧急减仓）",
    "{symbol} until {at}": "{symbol}，至 {at}",
    "{symbol} until {at} (panic too)": "{symbol}，至 {at}（含紧急减仓）",
    # flatten
    "There is nothing to flatten": "没有需要清仓的持仓",
    "Nothing is known to hold a position yet; what does is flattened as soon as the account is read": (
        "持仓尚未读到；读到账户后，有持仓的方向会立即清仓"
    ),
    "{symbol} {side}: flattening begins as soon as its position is known": "{symbol} {side}：读到持仓后立即开始清仓",
    "{symbol} {side}: flattening {qty} by aggressive limits, without signals": (
        "{symbol} {side}：开始清仓 {qty}，以激进限价、不等信号"
    ),
    "It waits: {why}": "目前等待：{why}",
    # whatever is commanded
    "{symbol} is not managed by this service: nothing was done": "{symbol} 不受本服务管理，未执行任何操作",
    "{symbol} {side} is not managed by this service: nothing was done": (
        "{symbol} {side} 不受本服务管理，未执行任何操作"
    ),
    "The service is still starting and cannot take this yet: ask again in a moment": (
        "服务仍在启动，暂时无法执行；请稍后再发"
    ),
    "The service is still starting: {symbol} is paused before anything discretionary is sent, and it is journalled "
    "then": "服务仍在启动：{symbol} 会在发送任何常规委托之前暂停，届时写入日志库",
    "The service is still starting: everything is paused before anything discretionary is sent, and it is journalled "
    "then": "服务仍在启动：会在发送任何常规委托之前全部暂停，届时写入日志库",
    "Until the start is over a restart would not know of it": "启动完成之前若重启，这次暂停会丢失",
    "The command waits behind other news and was not taken yet; it takes effect as soon as it is": (
        "命令排在其他消息之后，尚未执行；轮到时立即生效"
    ),
    "Look at the status again in a moment": "请稍后再看状态",
    "The service is stopping: own orders are being cancelled, protective stops stay": (
        "服务正在停止：正在撤销本程序的委托，保护性止损保留"
    ),
    "Nothing more is taken": "不再接受命令",
    "The journal cannot be written ({why}): a restart may not know of this": (
        "日志库无法写入（{why}）：重启后可能不记得这条命令"
    ),
    "see the log": "见运行日志",
    "{count} reports are being read already: ask again in a moment": "已有 {count} 份报告正在读取，请稍后再试",
    # reload
    "A reload is not available in this run: restart the service to take a changed configuration": (
        "本次运行不支持重新加载：请重启服务以使用新配置"
    ),
    "The file, or what the service works by, has changed since this was shown: look at it again": (
        "显示之后，配置文件或当前生效的配置又有变化：请重新查看"
    ),
    "Nothing was changed: the service goes on with what it had": "未作任何改动：服务沿用原有配置",
    "Not reloaded: {list}": "未重新加载：{list}",
    "Not reloaded ({by}): {list}": "未重新加载（{by}）：{list}",
    "Reload ({by}): {why}": "重新加载（{by}）：{why}",
    "the service is still starting": "服务仍在启动",
    "Reloaded by {by}: {changes}": "已由 {by} 重新加载：{changes}",
    "Reloaded by {by}: {changes}; and {more} more": "已由 {by} 重新加载：{changes}；另有 {more} 项",
    "nothing that rules has changed": "生效的配置没有变化",
    "The engine has not taken it yet: it waits behind other news, and is taken after them": (
        "引擎尚未采用：排在其他消息之后，随后生效"
    ),
    "Look at the status": "请看状态",
    "The last good configuration cannot be kept in {path} ({why})": "最近可用的配置无法保存到 {path}（{why}）",
    "The service goes on; mend the folder's permissions, or make room": "服务继续运行；请修正目录权限或腾出空间",
    "{old} -> {new} needs a restart: put it back, or restart the service (own orders are cancelled, protective stops "
    "stay)": "{old} → {new} 需要重启才能生效：请改回，或重启服务（撤销本程序的委托，保护性止损保留）",
    "names nobody while telegram.enabled is true: no message would go anywhere": (
        "telegram.enabled 为 true 却没有任何允许的人：消息将无处可发"
    ),
    "symbols.{name}: the exchange lists no such perpetual; correct the name": (
        "symbols.{name}：交易所没有这个永续合约，请改正名称"
    ),
    "{symbol} {side} is not managed any more: its orders are cancelled, its protective stop is left standing and not "
    "looked after": "{symbol} {side} 不再受管理：撤销其委托，保护性止损留在原处、不再维护",
    "{symbol} {side} is not managed any more: its orders are cancelled, its protective stop is left standing at the "
    "exchange and not looked after": "{symbol} {side} 不再受管理：已撤销其委托，保护性止损留在交易所、不再维护",
    "{symbol}: protective_stop.enabled becomes false": "{symbol}：protective_stop.enabled 将变为 false",
    "The stop of a position that is open is kept until that is closed; only a reload with --drop-stops takes it away": (
        "已有持仓的止损保留到平仓为止；只有带 --drop-stops 的重新加载才会撤掉"
    ),
    "Positions that are not listed are not managed any more: orders are cancelled, stops are left standing": (
        "未列出的持仓不再受管理：撤销委托，止损留在原处"
    ),
    "Every open position of the account is worked down from now on, those you open by hand too": (
        "账户中的全部持仓从现在起都会被平掉，包括您手动开的仓"
    ),
    "{symbol} {side}: protective_stop.enabled is false now, but the position stands and its stop is kept": (
        "{symbol} {side}：protective_stop.enabled 已为 false，但持仓仍在，止损保留"
    ),
    "Reload with --drop-stops to take it away": "如需撤掉，请带 --drop-stops 重新加载",
}
