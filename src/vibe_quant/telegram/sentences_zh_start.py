"""What the start's checks, the watch of the key and the clock find, in Chinese."""

from __future__ import annotations

START: dict[str, str] = {
    "No order has been sent": "没有发送任何委托",
    "Nothing was started": "没有启动",
    # the exchange's clock
    "Account {account}: the exchange's clock could not be measured ({why}), and orders need its time": (
        "账户 {account}：无法测得交易所时间（{why}），而委托需要它"
    ),
    "See whether the addresses of the venue are right and reachable from this host": (
        "请检查 venue 的地址是否正确、本机能否连通"
    ),
    "Account {account}: the exchange's clock is known only to {ms} ms, for that is half of the fastest answer's "
    "time; at most {limit} ms will do, half of what an order may be old": (
        "账户 {account}：交易所时间只精确到 {ms} 毫秒（最快应答时间的一半）；最多允许 {limit} 毫秒，即委托时效的一半"
    ),
    "Look at the network between this host and the exchange, and start again": (
        "请检查本机与交易所之间的网络，再重新启动"
    ),
    "This host's clock is {ms} ms behind the exchange's": "本机时钟比交易所慢 {ms} 毫秒",
    "This host's clock is {ms} ms ahead of the exchange's": "本机时钟比交易所快 {ms} 毫秒",
    "Orders carry the exchange's time, and logs the host's": "委托使用交易所时间，日志使用本机时间",
    "Let the host's clock be kept by NTP": "请用 NTP 校准本机时钟",
    "The exchange's clock could not be measured for {minutes} minutes ({why})": (
        "已有 {minutes} 分钟无法测得交易所时间（{why}）"
    ),
    "Requests go on with the offset known from before, and it is tried again every half minute": (
        "请求沿用先前的时差，每半分钟重试一次"
    ),
    "If requests are refused with -1021, look at the network between this host and the exchange": (
        "若请求被 -1021 拒绝，请检查本机与交易所之间的网络"
    ),
    "The exchange's clock is {ms} ms ahead of where it was expected (known to {exact} ms)": (
        "交易所时间比预期快 {ms} 毫秒（精确到 {exact} 毫秒）"
    ),
    "The exchange's clock is {ms} ms behind where it was expected (known to {exact} ms)": (
        "交易所时间比预期慢 {ms} 毫秒（精确到 {exact} 毫秒）"
    ),
    "Requests carry the new time from now on": "此后的请求使用新时间",
    "If this host was asleep or its clock was slewed, that is why; otherwise the exchange's clock has moved": (
        "如果本机曾休眠或校过时，原因即在此；否则是交易所的时钟变了"
    ),
    # the account and its key
    "Account {account}: the exchange says that it may not trade (canTrade is false)": (
        "账户 {account}：交易所表示该账户不可交易（canTrade 为 false）"
    ),
    "See at the exchange why the account is restricted": "请到交易所查明账户受限的原因",
    "Account {account} is in one-way mode, and this program works LONG and SHORT legs of hedge mode only": (
        "账户 {account} 是单向持仓模式，本程序只支持双向持仓（LONG 与 SHORT）"
    ),
    "Switch the account to hedge mode (which the exchange permits only without positions and open orders), then start "
    "again": "请切换为双向持仓（交易所只在没有持仓和挂单时允许），再重新启动",
    "Account {account} is in multi-assets mode, where liquidation depends on every asset and is not foreseen here": (
        "账户 {account} 是联合保证金模式，强平取决于全部资产，本程序无法预估"
    ),
    "Switch to single-asset mode at the exchange, or allow it with allow: {{multi_assets: true}}": (
        "请在交易所切换为单币种保证金模式，或用 allow: {{multi_assets: true}} 允许"
    ),
    "Account {account}: the exchange does not accept the API key ({why})": (
        "账户 {account}：交易所不接受该 API 密钥（{why}）"
    ),
    "Check the key and its secret, that it belongs to this venue, that it may use futures, and that it allows this "
    "host's address": "请检查密钥及其 secret、是否属于该 venue、是否开通合约权限、是否允许本机地址",
    "Account {account}: its configuration could not be read ({why}), so its position mode is not known": (
        "账户 {account}：账户配置读取失败（{why}），持仓模式未知"
    ),
    "See what the exchange says about this code, then start again": "请查看交易所对该错误码的说明，再重新启动",
    "Account {account}: this venue does not tell the rights of keys": "账户 {account}：该 venue 不提供密钥权限信息",
    "the venue's addresses have none for it": "该 venue 没有对应的地址",
    "Account {account}: the API key may move money out of it ({rights}), which this program never needs": (
        "账户 {account}：该 API 密钥可以转出资金（{rights}），本程序从不需要这种权限"
    ),
    "Take that right from the key at the exchange, or allow it by name with allow: {{key_rights: [{rights}]}}": (
        "请在交易所去掉该权限，或用 allow: {{key_rights: [{rights}]}} 逐项允许"
    ),
    "Account {account}: the API key may not trade futures (enableFutures is false)": (
        "账户 {account}：该 API 密钥不能交易合约（enableFutures 为 false）"
    ),
    "Give the key that right at the exchange; a key made before the futures account was opened cannot have it: make a "
    "new one": "请在交易所为密钥开通合约权限；在开通合约账户之前创建的密钥无法开通，请新建",
    "Account {account}: the API key works from any address": "账户 {account}：该 API 密钥未限制访问地址",
    "Bind it to this host's address at the exchange: that is what protects the account if the key is stolen": (
        "请在交易所把它绑定到本机地址：密钥被盗时只有这样才能保护账户"
    ),
    "Account {account}: what the API key may do could not be read ({why})": (
        "账户 {account}：无法读取该 API 密钥的权限（{why}）"
    ),
    "It was read and good {hours} hours ago, so the program goes on": "{hours} 小时前读取正常，因此程序继续运行",
    "See why it cannot be read: after 24 hours without it the start is refused": (
        "请查明为何读取失败：超过 24 小时读不到将拒绝启动"
    ),
    "Account {account}: what the API key may do could not be read ({why}), and it did not pass within the last 24 "
    "hours": "账户 {account}：无法读取该 API 密钥的权限（{why}），且最近 24 小时内没有通过检查",
    "The address that tells it is another one than that of futures: see whether this host reaches it, then start "
    "again": "提供权限信息的地址与合约地址不同：请检查本机能否连通，再重新启动",
    "Account {account}: what the API key may do could not be read for 24 hours ({why})": (
        "账户 {account}：已有 24 小时无法读取该 API 密钥的权限（{why}）"
    ),
    "The program goes on and asks every {minutes} minutes; a start would be refused now": (
        "程序继续运行，每 {minutes} 分钟再读一次；此时若重启将被拒绝"
    ),
    "The address that tells it is another one than that of futures: see whether this host reaches it": (
        "提供权限信息的地址与合约地址不同：请检查本机能否连通"
    ),
    "Account {account}: the API key may move money out of it by now ({rights}), which this program never needs": (
        "账户 {account}：该 API 密钥现在可以转出资金（{rights}），本程序从不需要这种权限"
    ),
    "the API key may move money out ({rights}): take that right away, or allow it by name, and restart": (
        "该 API 密钥可以转出资金（{rights}）：请取消该权限或按名称允许，然后重启"
    ),
    "Discretionary orders are withdrawn and none is sent; panic and protective stops go on": (
        "常规委托已撤回且不再发送；紧急减仓与保护性止损继续有效"
    ),
    "If you have not given it that right, somebody else has: take the key away at the exchange": (
        "如果不是您授予的，那就是别人所为：请立即在交易所删除该密钥"
    ),
    "Otherwise take the right away, or allow it by name with allow: {{key_rights: [{rights}]}} and restart": (
        "否则请去掉该权限，或用 allow: {{key_rights: [{rights}]}} 逐项允许后重启"
    ),
    "Account {account}: the API key may not trade futures any more (enableFutures is false): the exchange will "
    "refuse orders, protective stops among them; those that stand there stay": (
        "账户 {account}：该 API 密钥已不能交易合约（enableFutures 为 false）：交易所会拒绝委托，包括保护性止损；已挂"
        "出的止损保留"
    ),
    "Give the key that right again at the exchange": "请在交易所重新为密钥开通该权限",
    "Account {account}: what was said of the API key ({why}) is over": (
        "账户 {account}：先前关于 API 密钥的告警（{why}）已解除"
    ),
    "its rights could not be read": "权限无法读取",
    "it might move money out": "可能转出资金",
    "it might not trade futures": "不能交易合约",
    # what is read at the start
    "The exchange does not answer: {what} could not be read ({why})": "交易所没有应答：{what}读取失败（{why}）",
    "It is asked again, at first after a second, later every {seconds} s; until then no discretionary order is sent, "
    "and stops at the exchange stay": (
        "程序会重试，先隔一秒，之后每 {seconds} 秒一次；在此之前不发送常规委托，交易所上的止损保留"
    ),
    "If this does not pass by itself, look at the network of this host and at the exchange's own status": (
        "若没有自行恢复，请检查本机网络与交易所状态"
    ),
    "the list of contracts": "合约列表",
    "its clock": "交易所时间",
    "the account's configuration": "账户配置",
    "the rights of the API key": "API 密钥权限",
    "positions and orders": "持仓与委托",
    "positions": "持仓",
    "open orders": "挂单",
    "order {client_id}": "委托 {client_id} ",
    "trades of {symbol}": "{symbol} 的成交",
    "the rules of {symbol}": "{symbol} 的交易规则",
    "the mark price of {symbol}": "{symbol} 的标记价格",
    "{symbol} is not trading now: its status is {status}": "{symbol} 当前不可交易：状态为 {status}",
    "It is worked when it trades again; until then the exchange takes no orders for it": (
        "恢复交易后会继续管理；在此之前交易所不接受其委托"
    ),
    "{symbol} stands under symbols: and the exchange has no such perpetual contract": (
        "{symbol} 写在 symbols: 之下，但交易所没有这个永续合约"
    ),
    "Correct the name (such as BTC/USDT:USDT), or take it out of the configuration": (
        "请改正名称（例如 BTC/USDT:USDT），或从配置中删除"
    ),
    "{symbol}: its rules could not be read ({why})": "{symbol}：交易规则读取失败（{why}）",
    "Account {account}: positions and orders could not be read yet ({why}); it is tried again": (
        "账户 {account}：持仓与委托尚未读到（{why}），会再次尝试"
    ),
    "Account {account} holds no managed position: nothing is sent until there is one": (
        "账户 {account} 没有受管理的持仓：出现之前不发送任何委托"
    ),
    "{symbol}: {count} open orders left by an earlier run: cancelled before anything new": (
        "{symbol}：先前运行遗留 {count} 笔挂单，会先撤销再做其他事"
    ),
    "{symbol}: {count} open orders of others, which are not touched": (
        "{symbol}：有 {count} 笔非本程序的挂单，不会动它们"
    ),
    # what a restart compares
    "{symbol} {side}: what became of order {client_id} of an earlier run could not be found out ({why})": (
        "{symbol} {side}：先前运行的委托 {client_id} 结果查不到（{why}）"
    ),
    "The program goes on, and cancels the order where it turns up": "程序继续运行；若该委托出现则撤销",
    "Look at the exchange's order history; the next start asks again": "请到交易所查看历史委托；下次启动会再查",
    "{symbol}: the trades since the last run could not be read ({why}), so that the journal may lack some, and its "
    "positions were not compared": "{symbol}：上次运行以来的成交读取失败（{why}），日志库可能有缺，也未核对持仓",
    "The program goes on by what the exchange says of positions; the next start asks again": (
        "程序以交易所的持仓为准继续运行；下次启动会再查"
    ),
    # venue paper
    "Venue paper: nothing is ever sent, and no API key is read": "纸面交易：不向交易所发送任何委托，也不读取 API 密钥",
    "The market is real; orders are filled by the simulated exchange as the streams show it": (
        "行情是真实的；委托由模拟交易所按数据流撮合"
    ),
    "Maintenance brackets are default ladders, for the exchange tells its own only to a key; fees are those of an "
    "ordinary account (maker 0.02 %, taker 0.05 %), funding is paid every 8 hours": (
        "维持保证金档位为默认值（真实档位须凭密钥读取）；手续费按普通账户（挂单 0.02 %，吃单 0.05 %），"
        "资金费每 8 小时结算"
    ),
    "The account begins anew at each start, as global.paper says: orders, positions and commands of earlier runs are "
    "not carried on": "每次启动账户都按 global.paper 重新开始：先前运行的委托、持仓和命令不再延续",
    "global.paper.positions is empty, and nobody opens a position in an account that is imagined: there is nothing to "
    "do": "global.paper.positions 为空，而模拟账户里没有人开仓：无事可做",
    "Name the legs that it shall begin with": "请写明起始持仓",
    "global.paper.positions names {symbol}, and the exchange has no such perpetual contract": (
        "global.paper.positions 写有 {symbol}，但交易所没有这个永续合约"
    ),
    "Correct the name (such as BTC/USDT:USDT), or take the position out": (
        "请改正名称（例如 BTC/USDT:USDT），或去掉该持仓"
    ),
    "global.paper.positions: the rules of {symbol} could not be read ({why})": (
        "global.paper.positions：{symbol} 的交易规则读取失败（{why}）"
    ),
    "global.paper.positions: {symbol} has no mark price ({why}), so its position cannot be valued": (
        "global.paper.positions：{symbol} 没有标记价格（{why}），无法为持仓估值"
    ),
    "See whether the contract trades at the exchange, or take the position out": (
        "请查看该合约是否在交易，或去掉该持仓"
    ),
    "global.paper.positions: {qty} of {symbol} {side} is no multiple of the lot step {step}, so no account can hold "
    "it": "global.paper.positions：{symbol} {side} {qty} 不是最小数量步长 {step} 的整数倍，任何账户都无法持有",
    "Correct the quantity": "请改正数量",
    "{symbol}: its leverage is {leverage}, the most of its default brackets, not the configured one": (
        "{symbol}：杠杆为 {leverage}（默认档位的上限），而不是配置的值"
    ),
}
