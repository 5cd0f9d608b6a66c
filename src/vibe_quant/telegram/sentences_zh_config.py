"""What is most often wrong in a configuration file, in Chinese; the rest is told as the loader says it, in English."""

from __future__ import annotations

CONFIG: dict[str, str] = {
    # keys
    "unknown key; did you mean {key}?": "未知的键；是否想写 {key}？",
    "unknown key; known here: {list}": "未知的键；此处可用：{list}",
    "unknown key here; it belongs to {place}": "此处没有这个键；它属于 {place}",
    "global:, it has no symbol form": "global:，不能按合约设置",
    "a symbol under symbols:": "symbols: 下的某个合约",
    "unknown key here; it belongs under global:": "此处没有这个键；它应写在 global: 下",
    "unknown key here; a symbol belongs under symbols:": "此处没有这个键；合约应写在 symbols: 下",
    "unknown key, and a secret does not belong in this file: take it out, give it as a credential or in the "
    "environment, and change it if others could read this file": (
        "未知的键，而且密钥不应写在此文件中：请删除，改用凭据或环境变量提供；若他人可能读过此文件，请更换"
    ),
    "holds a password; secrets do not belong in this file: take it out and give it as PGPASSWORD in the environment "
    "or as the systemd credential pg_password": (
        "含有密码；密钥不应写在此文件中：请删除，改用环境变量 PGPASSWORD 或 systemd 凭据 pg_password 提供"
    ),
    "Change it too, if others could read this file": "若他人可能读过此文件，也请更换该密码",
    "is written twice, first in line {line}; keep one of them": "写了两次，第一次在第 {line} 行；请只保留一个",
    "is required: {text}": "必须填写：{text}",
    # types and bounds
    "must be a section, is {what}": "应为一个小节，现为 {what}",
    "must be a list, is {what}": "应为列表，现为 {what}",
    "must be {how}, is {what}": "应为 {how}，现为 {what}",
    "a whole number": "整数",
    "a number": "数字",
    "true or false": "true 或 false",
    "text": "文字",
    "null": "空值",
    "a section": "一个小节",
    "a list": "一个列表",
    "a section with keys such as {list}": "含有 {list} 等键的小节",
    "an item with {list}": "含有 {list} 的一项",
    "the text {text} (no quotes, leading zeros, underscores or colons in numbers)": (
        "文字 {text}（数字不加引号、前导零、下划线或冒号）"
    ),
    "is {what}; must be {how} ({text})": "现为 {what}；应为 {how}（{text}）",
    "is {what}; must match {law} ({text})": "现为 {what}；格式应符合 {law}（{text}）",
    "is {what}; must be one of {list}": "现为 {what}；应为以下之一：{list}",
    "is {what}; must be one of {list}; did you mean {key}?": "现为 {what}；应为以下之一：{list}；是否想写 {key}？",
    "at least {least}": "不小于 {least}",
    "more than {least}": "大于 {least}",
    "at least {least} and at most {most}": "不小于 {least} 且不大于 {most}",
    "at least {least} and less than {most}": "不小于 {least} 且小于 {most}",
    "more than {least} and at most {most}": "大于 {least} 且不大于 {most}",
    "more than {least} and less than {most}": "大于 {least} 且小于 {most}",
    "is the number {what}, which is out of any range": "数字 {what} 超出任何范围",
    # ladders
    "{far} is {old} and must be greater than {near}, which is {new}: soft risk first, then the panic tiers, then the "
    "protective stop": "{far} 为 {old}，必须大于 {near}（现为 {new}）：先软风控，再紧急档位，最后保护性止损",
    "is {new} after {old} in {at}; tiers must rise strictly": "为 {new}，前一档 {at} 为 {old}；各档必须严格递增",
    "is {new} after {old} in {at}; each tier must be strictly nearer to liquidation than the one before it": (
        "为 {new}，前一档 {at} 为 {old}；每一档必须比前一档更接近强平"
    ),
    "is {new} after {old} in {at}; a nearer tier may not close smaller slices": (
        "为 {new}，前一档 {at} 为 {old}；更接近强平的档位不能平得更少"
    ),
    "panic_close is enabled and has no tiers; give it tiers, or set enabled: false": (
        "已启用 panic_close 但没有档位；请填写 tiers，或设 enabled: false"
    ),
    "{far} is {old}, above {near}, which is {new}; it may not be": "{far} 为 {old}，高于 {near}（现为 {new}）；不允许",
    "is empty; name at least one, or leave the key out": "为空；请至少写一个，或去掉这个键",
    "names {what} more than once": "重复写了 {what}",
    "manage: listed works only the symbols named under symbols:, and none is named; name at least one under symbols:, "
    "or set global.manage: all to work every open position of the account": (
        "manage: listed 只处理 symbols: 下列出的合约，而其中一个也没有；"
        "请至少写一个，或设 global.manage: all 以处理账户的全部持仓"
    ),
    'is no unified name of a linear perpetual; write "{symbol}"': '不是线性永续合约的统一名称；请写作 "{symbol}"',
    # the file
    "is indented with a tab; YAML takes spaces only": "用了制表符缩进；YAML 只允许空格",
    "is not valid YAML: {text} (column {column})": "不是有效的 YAML：{text}（第 {column} 列）",
    "is empty; it needs global: and symbols:": "为空；需要 global: 和 symbols:",
    "must hold the keys global: and symbols:, and is {what}": "必须含有 global: 和 symbols:，现为 {what}",
    "there is no such file; name one with --config, or let vibe-quant init write it": (
        "没有这个文件；请用 --config 指明，或用 vibe-quant init 生成"
    ),
    "may not be read by this user; mend its permissions or owner": "当前用户无权读取；请修正权限或属主",
}
