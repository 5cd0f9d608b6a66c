"""What each reason means and what can be done about it, in Chinese (a test sees to it that none is missing)."""

from __future__ import annotations

from vibe_quant.domain.advice import ACTED, ADVICE
from vibe_quant.domain.blocked import Blocked
from vibe_quant.domain.enums import SignalReason

NETWORK = (
    "程序会自行重连，紧急减仓和保护性止损照常。"
    "若持续数分钟，请检查本机网络和交易所状态页：在主机上运行 vibe-quant doctor"
)
SECONDS = "正在读取，几秒即可。若一直如此，请看日志：/logs"
ORDINARY = "属正常情况，一秒内结束"
OTHERS = "会自行恢复。若反复出现，请查明还有谁在用本机地址或该账户"
BLOCKED: dict[Blocked, str] = {
    Blocked.STOPPING: "正在撤销自己的委托，保护性止损保留。要继续请启动服务",
    Blocked.RETIRED: "不再下单，其止损留在交易所，无人照看。要继续处理，请写入 symbols: 后重新加载",
    Blocked.HALTED: "紧急减仓和保护性止损照常。请先解决所述问题，与交易所核对持仓和委托，再恢复：/resume",
    Blocked.HELD: "所述原因中写明了如何结束，否则会自行结束。紧急减仓和保护性止损照常",
    Blocked.PAUSED: "除非另有说明，紧急减仓和保护性止损照常。结束暂停：/resume",
    Blocked.USER_DOWN: NETWORK,
    Blocked.UNREAD: SECONDS,
    Blocked.NO_CLOCK: "会自行重新测量。若一直如此，说明交易所不响应本机：在主机上运行 vibe-quant doctor",
    Blocked.NO_JOURNAL: "请腾出磁盘空间或修好日志库文件，之后会自行继续。紧急减仓和止损照常",
    Blocked.NO_RULES: SECONDS,
    Blocked.NOT_TRADING: "合约暂停、结算或下架：请看交易所公告。恢复交易后会继续",
    Blocked.RULES_AWAITED: SECONDS,
    Blocked.RULES_DOUBTED: SECONDS,
    Blocked.OTHER_IN_PANIC: "此处无需操作：离强平更近的方向先平，之后轮到本方向",
    Blocked.FIRING: "无需操作：止损正在平仓，剩余部分随后处理",
    Blocked.BOOK_DOWN: NETWORK,
    Blocked.TRADES_DOWN: NETWORK,
    Blocked.NO_FRESH: "下一条行情到来即行动。若其他合约有行情，只是该市场清淡；否则请检查本机网络",
    Blocked.STALE: ("不按旧价格行动。若其他合约有行情，只是该市场清淡（ws.stale_data_ms）；否则请检查本机网络"),
    Blocked.BOOK_BEHIND: "会自行结束。若一直如此，说明本机或线路跟不上行情",
    Blocked.UNKNOWN: SECONDS,
    Blocked.FLAT: "无需操作",
    Blocked.NOT_LOOKED: "下一条报价或成交到来即行动",
    Blocked.DOUBT: "会一直询问交易所直到有结果。若持续一分钟，请到交易所查看委托，不要另行下单",
    Blocked.LEFTOVER: "正在撤销，几秒即可。若一直如此，请在交易所撤销",
    Blocked.COOLDOWN: "属正常情况：两笔委托之间的间隔（execution.repost_cooldown_ms）",
    Blocked.PATIENCE: "一秒内会再试。若一直如此，请看所列原因",
    Blocked.AT_TARGET: "剩余数量是 execution.target_qty 要保留的。要多平，请调低它，或清仓",
    Blocked.NO_SIGNAL: "属正常情况：在等价格，可能要几小时。清仓则不等信号",
    Blocked.INTERVAL: "属正常情况：两次信号之间的间隔（execution.min_signal_interval_ms）",
    Blocked.NO_BOOK: "下一条报价到来即继续。若一直没有，请检查本机网络：在主机上运行 vibe-quant doctor",
    Blocked.NO_MARK: "下一个标记价格到来即继续，除非数据流断开，每秒都有",
    Blocked.PRICE_LIMITS: "交易所不接受这一价格的委托。行情回到限价内会继续；若必须马上平，请手动平仓",
    Blocked.NO_PRICE: "会一直询问。若一直没有，请手动平仓；交易所的止损仍在",
    Blocked.COVERED: "别的委托要平的部分不会重复平。要放开，请撤销您自己在该方向的委托",
    Blocked.NOTHING_TO_CLOSE: "按下面的数字没有可平的数量。请核对这些数字",
    Blocked.UNDER_A_LOT: "交易所不接受这么小的委托。请改 execution.target_qty，或不管它",
    Blocked.DUST: "该方向已结束。若要清掉余量，请在交易所手动平仓",
    Blocked.OTHER_UNREADABLE: "读到另一方向的保证金和档位后会继续。若一直如此，请看日志：/logs",
    Blocked.OTHER_NEAR: "本方向对冲着另一方向，平掉会使后者过于接近强平。请追加保证金，或先平另一方向",
    Blocked.BANNED: "任何请求都发不出，紧急减仓也不行；交易所的止损仍在。请等待，不要重启，并查明还有谁在用本机地址",
    Blocked.BACK_OFF: OTHERS,
    Blocked.TOO_MANY: OTHERS,
    Blocked.ORDERS_SPENT: ORDINARY,
    Blocked.CANCELS_SPENT: ORDINARY,
    Blocked.COUNT_SPENT: OTHERS,
    Blocked.WEIGHT_SPENT: OTHERS,
    Blocked.PANIC_PAUSED: "接近强平时只剩交易所的止损保护。若非有意：/resume",
    Blocked.PANIC_BACKOFF: "一秒内会再试，直到成功。若一直如此，请看交易所拒绝了什么（/logs），追加保证金，或手动平仓",
}
ACTS: dict[SignalReason, str] = {
    SignalReason.LONG_PRIMARY: "价格上涨，买一价到达最新成交价：趁涨卖出",
    SignalReason.LONG_BID_IMPROVE: "买一价升到最近成交价：立即卖出",
    SignalReason.SHORT_PRIMARY: "价格下跌，卖一价到达最新成交价：趁跌买回",
    SignalReason.SHORT_ASK_IMPROVE: "卖一价降到最近成交价：立即买回",
    SignalReason.PRESSURE_ACTIVE: "最优价容得下很多：直接吃掉这一档",
    SignalReason.PRESSURE_PASSIVE: "最优价容不下多少：挂单等待",
    SignalReason.PATIENT: "在队列中挂单等待，直到价格离开",
    SignalReason.PATIENT_ENDGAME: "规定的时间将尽：剩余部分激进平仓",
    SignalReason.FLATTEN: "已要求清仓：不等信号，以激进限价平到零。暂停可结束",
    SignalReason.DUST: "剩余不足一笔普通委托：一次平掉",
    SignalReason.PANIC: "接近强平：不看信号，分片平仓。追加保证金可结束",
    SignalReason.STOP_THROUGH: "价格正穿过保护性止损的位置：该方向立即退出",
    SignalReason.STOP_REMAINDER: "保护性止损已结束但有剩余：立即处理",
}
SAID: dict[str, str] = {
    **{ADVICE[reason].removesuffix("."): text for reason, text in BLOCKED.items()},
    **{ACTED[reason].removesuffix("."): text for reason, text in ACTS.items()},
}
"""English -> Chinese, both without the full stop."""
