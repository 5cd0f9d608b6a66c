"""Fixed English sentences of the core, in Chinese: every reason for which a side is not traded (a test sees to it).

What is not here is shown as it is.
"""

from __future__ import annotations

from vibe_quant.domain.blocked import Blocked

REASONS: dict[Blocked, str] = {
    Blocked.STOPPING: "服务正在停止",
    Blocked.RETIRED: "配置已不再管理该方向",
    Blocked.HALTED: "已停止",
    Blocked.HELD: "程序自身暂缓",
    Blocked.PAUSED: "已由操作员暂停",
    Blocked.USER_DOWN: "账户数据流断开",
    Blocked.UNREAD: "数据流恢复后账户尚未核对",
    Blocked.NO_CLOCK: "交易所时间未知",
    Blocked.NO_JOURNAL: "日志库无法写入",
    Blocked.NO_RULES: "交易规则未知",
    Blocked.NOT_TRADING: "合约不在交易状态",
    Blocked.RULES_AWAITED: "数据流恢复后交易规则尚未重读",
    Blocked.RULES_DOUBTED: "正在重新读取交易规则",
    Blocked.OTHER_IN_PANIC: "另一方向正在紧急减仓",
    Blocked.FIRING: "保护性止损正在触发",
    Blocked.BOOK_DOWN: "盘口数据流断开",
    Blocked.TRADES_DOWN: "成交数据流断开",
    Blocked.NO_FRESH: "尚无最新报价或成交",
    Blocked.STALE: "行情过久未更新",
    Blocked.BOOK_BEHIND: "盘口明显落后于最新成交",
    Blocked.UNKNOWN: "持仓尚未读到",
    Blocked.FLAT: "没有持仓",
    Blocked.NOT_LOOKED: "还没有可供判断的行情",
    Blocked.DOUBT: "有委托结果未知",
    Blocked.LEFTOVER: "正在结束一笔不应存在的委托",
    Blocked.COOLDOWN: "上一笔委托后的冷却时间",
    Blocked.PATIENCE: "上一请求因临时原因未执行",
    Blocked.AT_TARGET: "已到目标，无需再平",
    Blocked.NO_SIGNAL: "没有信号",
    Blocked.INTERVAL: "距上次执行信号太近",
    Blocked.NO_BOOK: "买一卖一未知",
    Blocked.NO_MARK: "标记价格未知，无法保证 max_mark_gap",
    Blocked.PRICE_LIMITS: "价格超出交易所限价范围",
    Blocked.NO_PRICE: "报价与标记价格均未知",
    Blocked.COVERED: "已有平仓委托覆盖剩余持仓",
    Blocked.NOTHING_TO_CLOSE: "没有可平的数量",
    Blocked.UNDER_A_LOT: "高于目标的部分不足一手",
    Blocked.DUST: "零头：交易所不接受这么小的委托",
    Blocked.OTHER_UNREADABLE: "另一方向的强平距离暂时无法计算",
    Blocked.OTHER_NEAR: "这一片会使另一方向过于接近强平",
    Blocked.BANNED: "本机地址被交易所封禁（418），无法发送任何请求",
    Blocked.BACK_OFF: "交易所要求限速（429）",
    Blocked.TOO_MANY: "交易所提示下单过多（-1015）",
    Blocked.ORDERS_SPENT: "本秒常规委托已达上限",
    Blocked.CANCELS_SPENT: "本秒撤单已达上限",
    Blocked.COUNT_SPENT: "交易所下单额度仅剩预留",
    Blocked.WEIGHT_SPENT: "请求权重仅剩预留",
    Blocked.PANIC_PAUSED: "紧急减仓已由操作员暂停",
    Blocked.PANIC_BACKOFF: "紧急委托屡次被拒，稍候再发",
}
PHRASES: dict[str, str] = {
    **{reason.value: text for reason, text in REASONS.items()},
    "no reason given": "未说明原因",
    "no reason was told": "未说明原因",
}
PREFIXES: dict[str, str] = {"halted: ": "已停止：", "the symbol is in status ": "合约状态 "}
"""Of sentences whose rest is told in its own words."""
