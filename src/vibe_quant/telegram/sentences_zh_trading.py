"""What the core says of orders, positions, risk and stops, in Chinese."""

from __future__ import annotations

TRADING: dict[str, str] = {
    # fills and exits
    "{symbol} {side}: closed {qty} at {avg}, {left} left": "{symbol} {side}：平掉 {qty}，均价 {avg}，剩余 {left}",
    "{symbol} {side}: closed {qty} at a price that was not told, {left} left": (
        "{symbol} {side}：平掉 {qty}，成交价未知，剩余 {left}"
    ),
    "{symbol} {side}: the exit is done": "{symbol} {side}：平仓完成",
    "{qty} closed in {orders} orders at {avg}, {seconds} s; {left} left": (
        "{orders} 笔委托平掉 {qty}，均价 {avg}，用时 {seconds} 秒；剩余 {left}"
    ),
    "{qty} closed in {orders} orders at a price that was not told, {seconds} s; {left} left": (
        "{orders} 笔委托平掉 {qty}，成交价未知，用时 {seconds} 秒；剩余 {left}"
    ),
    "{symbol} {side}: {qty} is left, worth {value}, and the exchange takes no closing order of so little (last code "
    "{code})": "{symbol} {side}：剩余 {qty}，价值 {value}，低于交易所最小下单量（最近错误码 {code}）",
    "The side is done; close it by hand if you want it gone": "该方向到此为止；如需清掉请手动平仓",
    "{symbol} {side}: {qty} is left near liquidation, worth {value}, and the exchange takes no closing order of so "
    "little (last code {code})": (
        "{symbol} {side}：剩余 {qty} 已接近强平，价值 {value}，低于交易所最小下单量（最近错误码 {code}）"
    ),
    "It is tried again now and then; its protective stop is what closes it, or you by hand": (
        "程序会不时重试；只能靠保护性止损或您手动平掉"
    ),
    "{symbol} {side} has a position: {before} -> {after}": "{symbol} {side} 有持仓：{before} → {after}",
    "{symbol} {side} was enlarged by {qty}: {before} -> {after}": "{symbol} {side} 加仓 {qty}：{before} → {after}",
    "It is worked down": "将逐步平仓",
    # the account is not as it was thought
    "{symbol} {side}: the exchange's account read says {after} where {before} was counted from the stream": (
        "{symbol} {side}：交易所账户显示 {after}，按数据流推算为 {before}"
    ),
    "The read is taken; orders are fitted to it": "以交易所为准，委托已随之调整",
    "{symbol} {side}: {qty} was closed at {price} by {who} ({client_id})": (
        "{symbol} {side}：{qty} 以 {price} 被{who}平掉（{client_id}）"
    ),
    "an order that is not ours": "非本程序的委托",
    "the exchange's liquidation": "交易所强平",
    "the exchange's auto-deleveraging (ADL)": "交易所自动减仓（ADL）",
    "the exchange's settlement": "交易所交割",
    "Own orders are fitted to what is left": "本程序的委托已按剩余持仓调整",
    "{symbol} {side} holds {qty} and is not managed by the configuration: it gets neither orders nor a protective "
    "stop": "{symbol} {side} 持有 {qty}，但不在配置管理之内：既不挂委托，也没有保护性止损",
    "Name it under symbols: to have it worked": "如需管理，请写入 symbols:",
    "{symbol} {side}: the exchange refused an order ({code}); orders that are not ours claim {claimed} of {qty}": (
        "{symbol} {side}：交易所拒绝了一笔委托（{code}）；非本程序的委托占用了 {qty} 中的 {claimed}"
    ),
    "They are left alone; only what they leave is worked": "本程序不会动它们，只平剩下的部分",
    "Cancel them to free it": "如需释放请手动撤单",
    "{symbol} {side}: an order was refused, {why} ({code})": "{symbol} {side}：一笔委托被拒，{why}（{code}）",
    "The account is read and whatever an earlier run of ours has left is cancelled; cancel orders of your own if it "
    "goes on": "正在核对账户，并撤销本程序先前运行遗留的委托；若持续，请撤掉您自己的委托",
    "{symbol} {side}: QUEUE pricing is refused for post-only; at_touch is used instead": (
        "{symbol} {side}：只挂单（post-only）不接受 QUEUE 定价，改用 at_touch"
    ),
    "{symbol} {side} was {before} when the journal ended, its trades since change that by {traded}, and the exchange "
    "says that it is {now}": (
        "{symbol} {side} 在日志库最后记录时为 {before}，之后的成交合计变动 {traded}，而交易所显示为 {now}"
    ),
    "It is worked as it is now": "按现有持仓继续管理",
    "Look at the account's history: a liquidation, a settlement or a change of the contract may stand behind it": (
        "请查看账户历史：可能发生过强平、交割或合约变更"
    ),
    # doubts and halts
    "{symbol} {side}: the fate of order {client_id} has been unknown for {seconds} s": (
        "{symbol} {side}：委托 {client_id} 的结果已有 {seconds} 秒未知"
    ),
    "No discretionary order is sent for this side; it is asked for until the exchange tells": (
        "该方向不发送常规委托；程序会一直查询，直到交易所给出结果"
    ),
    "Look at the exchange's own order list if this lasts": "若持续，请到交易所查看委托列表",
    "{symbol} {side}: discretionary orders have stopped: {why}": "{symbol} {side}：常规委托已停止：{why}",
    "Panic and the protective stop go on": "紧急减仓与保护性止损继续有效",
    "Position {qty}": "持仓 {qty}",
    "Look at the reason, then resume": "请查明原因后恢复",
    "{count} refusals in a row, the last with {code}": "连续 {count} 次被拒，最近错误码 {code}",
    "a request was malformed ({code}: {why}), which is a defect of this program: report it": (
        "请求格式有误（{code}：{why}），这是本程序的缺陷，请上报"
    ),
    "{symbol} {side}: {law}: an order of {qty} was to leave where {room} may": (
        "{symbol} {side}：{law}：准备发出 {qty} 的委托，但最多只允许 {room}"
    ),
    "{law}: an order of {qty} was to leave where {room} may": "{law}：准备发出 {qty} 的委托，但最多只允许 {room}",
    "law 4": "规则 4",
    "the independent counter": "独立计数器",
    "It was not sent; discretionary orders of this side have stopped, panic and the protective stop go on": (
        "该委托未发出；该方向的常规委托已停止，紧急减仓与保护性止损继续有效"
    ),
    "Compare position and orders with the exchange, then resume": "请与交易所核对持仓和委托，然后恢复",
    "order {client_id} carries our prefix and is not ours": "委托 {client_id} 带有本程序的前缀，却不是本程序所下",
    "{symbol}: order {client_id} carries our prefix and is not ours: another instance works this account": (
        "{symbol}：委托 {client_id} 带有本程序的前缀，却不是本程序所下：另有实例在操作这个账户"
    ),
    "All discretionary orders have stopped; panic and protective stops go on": (
        "常规委托已全部停止；紧急减仓与保护性止损继续有效"
    ),
    "Stop the other instance, or give one another client_order_prefix; then resume": (
        "请停掉另一个实例，或为其中一个换用别的 client_order_prefix，然后恢复"
    ),
    "All discretionary orders have stopped: {why} ({code})": "常规委托已全部停止：{why}（{code}）",
    "Positions stand as they are, and so do the stops at the exchange": "持仓保持原样，交易所上的止损也保持原样",
    "Put the account or its key right, then resume": "请处理好账户或密钥，然后恢复",
    # liquidation and panic
    "{symbol} {side} is {dist} from liquidation; its orders are now at least aggressive": (
        "{symbol} {side} 距强平价 {dist}，委托已至少切换为激进限价"
    ),
    "{symbol} {side} is out of the liquidation warning: {why}": "{symbol} {side} 已脱离强平预警：{why}",
    "no position": "没有持仓",
    "no mark price yet": "尚无标记价格",
    "nothing can liquidate it": "不会被强平",
    "near liquidation": "接近强平",
    "far from liquidation": "远离强平",
    "panic tier {tier}": "紧急减仓第 {tier} 档",
    "liquidation price neither read nor computable": "强平价既未读到也无法计算",
    "the smaller of two crossed legs has no liquidation price": "全仓双向持仓中较小的一边没有强平价",
    "The liquidation price of {symbol} could not be read for {seconds} s": "{symbol} 的强平价已有 {seconds} 秒读不到",
    "The last known distance rules meanwhile and reading goes on; look at the position's margin at the exchange": (
        "期间以最近一次的强平距离为准并继续读取；请到交易所查看该持仓的保证金"
    ),
    "The liquidation distance of {symbol} can be read again": "{symbol} 的强平距离已恢复可读",
    "{symbol} {side} is in panic tier {tier}, {dist} from liquidation: closing {qty} in slices of {slice} of it, to "
    "be flat within {seconds} s": (
        "{symbol} {side} 进入紧急减仓第 {tier} 档，距强平价 {dist}：将 {qty} 分片平仓（每片 {slice}），应在 {seconds}"
        " 秒内平完"
    ),
    "{symbol} {side} is in panic tier {tier}, unknown from liquidation: closing {qty} in slices of {slice} of it, to "
    "be flat within {seconds} s": (
        "{symbol} {side} 进入紧急减仓第 {tier} 档，强平距离未知：将 {qty} 分片平仓（每片 {slice}），"
        "应在 {seconds} 秒内平完"
    ),
    "The distance is by a mark price {seconds} s old; no newer one has come": (
        "该距离按 {seconds} 秒前的标记价格计算，尚无更新"
    ),
    "{symbol} {side} has left panic; signals decide again": "{symbol} {side} 已退出紧急减仓，重新由信号决定",
    "{symbol} {side} is behind its bound in panic tier {tier}: {qty} of {base} still open": (
        "{symbol} {side} 紧急减仓第 {tier} 档进度落后：{base} 中仍有 {qty} 未平"
    ),
    "It now sends the whole remainder": "现在一次发送全部剩余数量",
    "It now sends slices of the next tier": "现在按下一档的片量发送",
    "The exchange's countdown of {symbol} cannot be set or cleared ({why}); it is tried again": (
        "{symbol} 的交易所倒计时撤单无法设置或取消（{why}），会再次尝试"
    ),
    # protective stops
    "{symbol} {side} has no liquidation price on its side; a stop follows when it has": (
        "{symbol} {side} 这一侧暂无强平价；出现后再挂止损"
    ),
    "{symbol} {side} has its protective stop at {price}": "{symbol} {side} 的保护性止损已挂在 {price}",
    "{symbol} {side} has lost its protective stop at {price}: {how}": (
        "{symbol} {side} 位于 {price} 的保护性止损已丢失：{how}"
    ),
    "It is placed again if it is still needed": "如仍需要会重新挂出",
    "The stop of {symbol} {side} does not stand since {seconds} s": "{symbol} {side} 的止损已有 {seconds} 秒未挂上",
    "The stop of {symbol} {side} does not stand since {seconds} s ({how})": (
        "{symbol} {side} 的止损已有 {seconds} 秒未挂上（{how}）"
    ),
    "The stop of {symbol} {side} stands at an outdated price since {seconds} s": (
        "{symbol} {side} 的止损价已有 {seconds} 秒未更新"
    ),
    "The stop of {symbol} {side} stands at an outdated price since {seconds} s ({how})": (
        "{symbol} {side} 的止损价已有 {seconds} 秒未更新（{how}）"
    ),
    "Placing it is tried again without end; place one at the exchange by hand if this goes on": (
        "程序会不断重试；若持续，请在交易所手动挂止损"
    ),
    "does not stand": "未挂上",
    "stands at an outdated price": "止损价未更新",
    "the exchange does not list it": "交易所的列表中没有它",
    "rejected {why}": "被拒：{why}",
    "rejected": "被拒",
    "not sent: {why}": "未发出：{why}",
    "{why}; that is a defect of this program: report it": "{why}；这是本程序的缺陷，请上报",
    "{symbol} {side}: the protective stop at {price} was triggered and the exchange rejected its order ({how})": (
        "{symbol} {side}：位于 {price} 的保护性止损已触发，但交易所拒绝了其委托（{how}）"
    ),
    "The leg is read; what is left is worked off as in the last panic tier, and a new stop is placed": (
        "正在核对持仓；剩余部分按最后一档紧急减仓处理，并重新挂止损"
    ),
    "{symbol} {side} is nearer to liquidation than its stop should be: the stop goes to {price}, half the present "
    "distance, and to its place when the price allows": (
        "{symbol} {side} 距强平价已比止损位更近：止损暂挂 {price}（当前距离的一半），价格允许后回到原位"
    ),
    "{symbol} {side}: the price is going through the place of its protective stop": (
        "{symbol} {side}：价格正在击穿保护性止损的位置"
    ),
    "The side exits at once by aggressive limits; a stop is tried again after each fill": (
        "该方向立即以激进限价平仓；每次成交后再尝试挂止损"
    ),
    "{symbol} {side}: its protective stop has ended and left {qty}; that is worked off as in the last panic tier": (
        "{symbol} {side}：保护性止损单已结束，剩余 {qty}，按最后一档紧急减仓处理"
    ),
}
