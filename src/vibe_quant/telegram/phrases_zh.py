"""Fixed English sentences of the core and the shell, in Chinese: why a side does not trade.

What is not here is shown as it is.  A test sees that each English phrase still stands in the code.
"""

from __future__ import annotations

PHRASES: dict[str, str] = {
    "paused by the operator": "已由操作员暂停",
    "the other leg is in panic": "另一方向正在紧急减仓",
    "the protective stop is firing": "保护性止损正在触发",
    "the service is stopping": "服务正在停止",
    "the configuration does not manage it any more": "配置已不再管理该方向",
    "the user stream is down": "账户数据流断开",
    "the account has not been read since a stream came up": "数据流恢复后账户尚未核对",
    "the exchange's clock is not known": "交易所时间未知",
    "the journal cannot be written": "日志库无法写入",
    "the symbol's rules are not known": "交易规则未知",
    "the symbol's rules have not been read since a stream came up": "数据流恢复后交易规则尚未重读",
    "the symbol's rules are being read again": "正在重新读取交易规则",
    "the book stream is down": "盘口数据流断开",
    "the trade stream is down": "成交数据流断开",
    "no fresh quote or trade yet": "尚无最新报价或成交",
    "the last request was not done for reasons of the moment": "上一请求因临时原因未执行",
    "the exchange has counted too many orders (-1015)": "交易所提示下单过多（-1015）",
    "the exchange's order count is spent but for the reserve": "交易所下单额度仅剩预留",
    "the exchange has banned this address (418); nothing can be sent": "本机地址被交易所封禁（418），无法发送任何请求",
    "the exchange asked to back off (429)": "交易所要求限速（429）",
    "no reason given": "未说明原因",
    "no reason was told": "未说明原因",
}
PREFIXES: dict[str, str] = {
    "halted: ": "已停止：",
    "no fresh quote or trade for ": "行情未更新已达 ",
    "the symbol is in status ": "合约状态 ",
}
"""Of sentences that end in figures."""
