"""What the start, the streams, the clock, the account's lease and the journal say, in Chinese."""

from __future__ import annotations

SERVICE: dict[str, str] = {
    # the course of the service
    "the start is not over": "启动尚未完成",
    "Stopping: no own discretionary order is live any more": "正在停止：本程序已没有在途的常规委托",
    "Protective stops stay at the exchange": "保护性止损留在交易所",
    "the service is stopping": "服务正在停止",
    "a defect: {who} has failed at {what}, skips it, and goes on with the next; trading is not touched": (
        "程序缺陷：{who} 处理 {what} 时失败，已跳过并继续下一项；交易不受影响"
    ),
    "a defect: {who} has failed at {what}, {times} times since this was last said, skips it, and goes on with the "
    "next; trading is not touched": (
        "程序缺陷：{who} 处理 {what} 时失败（上次提示以来共 {times} 次），已跳过并继续下一项；交易不受影响"
    ),
    "something that has happened ({what})": "一个事件（{what}）",
    "the news that it lacks something": "信息有缺的提示",
    "a notice": "一条通知",
    "the cost of an exit": "一次平仓的成本",
    "the new settings, which it may not have taken whole": "新的配置（可能未完整采用）",
    "What it shows may lack something: look at status, log and the exchange for what you rely on": (
        "它显示的内容可能不全：重要信息请以状态、日志与交易所为准"
    ),
    "Send the traceback in the log of errors to who maintains it": "请把错误日志中的 traceback 发给维护者",
    "The {stream} stream is back": "{stream}数据流已恢复",
    "Rules and account are read before discretionary orders go on": "重新核对规则与账户后，常规委托继续",
    "The {stream} stream is down ({why})": "{stream}数据流断开（{why}）",
    "Discretionary orders wait": "常规委托暂缓",
    "{symbol} is trading again": "{symbol} 已恢复交易",
    "The exchange has {symbol} in status {status}: no discretionary order is sent for it unless it trades again": (
        "交易所将 {symbol} 置于 {status} 状态：恢复交易之前不发送其常规委托"
    ),
    "Panic and the protective stop go on as far as the exchange takes them; look at its announcements": (
        "紧急减仓与保护性止损在交易所允许的范围内继续；请查看交易所公告"
    ),
    "the symbol is in status {status}": "合约状态 {status}",
    "halted: {why}": "已停止：{why}",
    "no reason given": "未说明原因",
    "no reason was told": "未说明原因",
    # the journal
    "The journal can be written again; discretionary orders go on": "日志库已恢复写入，常规委托继续",
    "The journal cannot be written ({why})": "日志库无法写入（{why}）",
    "Discretionary orders are withdrawn and none is sent; panic, stops and cancels go on": (
        "常规委托已撤回且不再发送；紧急减仓、止损与撤单照常"
    ),
    "Make room on its disk, or repair its file": "请为其磁盘腾出空间，或修复文件",
    "Nothing is known of earlier runs": "先前运行的情况一概未知",
    "the journal of earlier runs cannot be read, and a pause may stand in it: mend it, or set it aside, and restart": (
        "以往运行的日志库无法读取，其中可能有暂停：请修复或移开它，然后重启"
    ),
    "Discretion waits, for a pause may stand in it: mend it, or set it aside, and restart": (
        "常规委托暂缓，因为其中可能记有暂停：请修复或移走日志库后重启"
    ),
    "The journal was last written for venue {venue}": "日志库上次用于 {venue}",
    "Nothing of that is taken over, commands that stood there neither; the journal goes on": (
        "其中内容（包括当时的命令）一概不沿用；日志库继续写入"
    ),
    "Give each venue a journal of its own: leave journal.path out": (
        "请让每个 venue 使用各自的日志库：不要设置 journal.path"
    ),
    "The journal was last written with another API key": "日志库上次由另一个 API 密钥写入",
    "Its past is taken for this account's": "其中的历史按本账户处理",
    "If the key is of another account, stop now and give that account a state folder of its own (--state)": (
        "如果该密钥属于另一个账户，请立即停止，并为那个账户另设状态目录（--state）"
    ),
    "journal {path}: a row is damaged": "日志库 {path}：有一行已损坏",
    "journal {path}: row {row} is damaged ({why})": "日志库 {path}：第 {row} 行已损坏（{why}）",
    "journal {path}: {why}": "日志库 {path}：{why}",
    "journal {path}: {why} ({code})": "日志库 {path}：{why}（{code}）",
    "its content is damaged": "内容已损坏",
    "its content is damaged ({code})": "内容已损坏（{code}）",
    "there is no such file, but its head is still there: {rows} rows had been written": (
        "文件不存在，但其表头仍在：曾写入 {rows} 行"
    ),
    "there is no such file, but its write-ahead log is still there": "文件不存在，但其预写日志（WAL）仍在",
    "row {row} is not the one that had been written": "第 {row} 行不是当初写入的那一行",
    "it is another program's database, not a journal": "这是别的程序的数据库，不是日志库",
    "its form is {form}, known here are forms up to {known}": "其格式为 {form}，本程序最高支持到 {known}",
    "rows are missing at its end: {rows} had been written, {left} are there": (
        "末尾缺行：曾写入 {rows} 行，现有 {left} 行"
    ),
    "journal {path}: one of rows {first} to {last} holds no data of its kind ({why})": (
        "日志库 {path}：第 {first} 至 {last} 行中有一行的数据与其类型不符（{why}）"
    ),
    "Nothing is removed from it": "不从中删除任何行",
    "It is left untouched": "文件保持原样",
    "It is left untouched and nothing is written to it": "文件保持原样，不再写入",
    "Look at it with: vibe-quant journal verify --path {path}": "查看方法：vibe-quant journal verify --path {path}",
    "To go on with a new one, stop the program, set all of {what} in {path} aside together (keep them: they are "
    "evidence), and start again": (
        "如需换用新库：停止程序，把 {path} 中的 {what} 一并移走（请保留，它们是证据），再启动"
    ),
    "journal {path}: it was written by a newer version of this program ({why})": (
        "日志库 {path}：由更新版本的程序写入（{why}）"
    ),
    "Run that version again, or set all of {what} in {path} aside together and start with a new one": (
        "请改用该版本，或把 {path} 中的 {what} 一并移走，从新库开始"
    ),
    "journal {path}: SQLite refuses it ({why}); nothing was written": (
        "日志库 {path}：SQLite 拒绝（{why}），没有写入任何内容"
    ),
    "the disk is full": "磁盘已满",
    "Free space on it; writing goes on by itself then": "请腾出空间，之后会自动恢复写入",
    "the disk takes no more of it (full, a quota, a limit on the size of files, or a failure)": (
        "磁盘无法再写入（已满、配额、文件大小限制或故障）"
    ),
    "Free space or raise the limit; it is tried again": "请腾出空间或放宽限制；程序会再次尝试",
    "the disk reports an error on reading or writing": "磁盘读写报错",
    "Look at the disk (dmesg, quota, mount); it is tried again": "请检查磁盘（dmesg、配额、挂载）；程序会再次尝试",
    "it may not be written": "没有写入权限",
    "Give this user the right to write the file and its folder, or remount the disk": (
        "请给本用户该文件及其目录的写权限，或重新挂载磁盘"
    ),
    "another process holds it": "被另一个进程占用",
    "End what else has the journal open for writing; it is tried again": (
        "请结束其他正在写日志库的进程；程序会再次尝试"
    ),
    "another process has written to it": "有另一个进程写过它",
    "Only one program may: end the other; it is tried again": "只允许一个程序写入：请结束另一个；程序会再次尝试",
    "it cannot be opened": "无法打开",
    "See that its folder is there and that this user may read and write both": (
        "请确认目录存在，且本用户对文件与目录都有读写权限"
    ),
    "it was moved or removed while it was written": "写入期间被移动或删除",
    "it refuses": "写入被拒",
    "the disk is full; the reserve of {size} KiB kept for this is given up or could not be taken": (
        "磁盘已满；为此预留的 {size} KiB 已放出，或未能预留"
    ),
    "What protects is still recorded, nothing else is begun": "保护性操作仍会记录，其他一概不再开始",
    "Free space on the disk; the reserve is taken again by itself then": "请腾出磁盘空间，之后会自动重新预留",
    "there is no such file": "文件不存在",
    "this user may not read it": "本用户没有读取权限",
    "journal {path}: it cannot be read as a journal ({why})": "日志库 {path}：不是可读的日志库（{why}）",
    "journal {path}: it cannot be read ({why})": "日志库 {path}：无法读取（{why}）",
    # the account's lease and its database
    "global.journal.url: {why}": "global.journal.url：{why}",
    "The program goes on without a mirror and without a lease": "程序在没有镜像库和账户租约的情况下继续运行",
    "Account {account}: {why}": "账户 {account}：{why}",
    "Account {account}: whether another host works it cannot be known, for the lease could not be taken: {why}": (
        "账户 {account}：租约未能取得，无法得知是否有别的主机在操作它：{why}"
    ),
    "The program goes on, and tries again every {seconds} s": "程序继续运行，每 {seconds} 秒重试一次",
    "See that no other instance works this account, and why the database does not answer": (
        "请确认没有其他实例在操作这个账户，并查明数据库为何没有应答"
    ),
    "Account {account}: its lease is ours now": "账户 {account}：已取得账户租约",
    "Account {account}: its lease is renewed again": "账户 {account}：账户租约已恢复续期",
    "Account {account}: its lease could not be given back; it lapses by itself": (
        "账户 {account}：账户租约未能归还；到期自动失效"
    ),
    "Account {account}: its lease is lost: {why}": "账户 {account}：已失去账户租约：{why}",
    "the lease of the account cannot be renewed: {why}": "账户租约无法续期：{why}",
    "Discretionary orders are withdrawn and none is sent any more; panic and protective stops go on": (
        "常规委托已撤回且不再发送；紧急减仓与保护性止损继续有效"
    ),
    "End one of the two; to trade here again, restart": "请停掉两者之一；要在这里恢复交易，请重启",
    "Another host could take it by now; this one goes on trading": "别的主机可能已取得租约；本机继续交易",
    "See why the database does not answer, and that no other instance is started": (
        "请查明数据库为何没有应答，并确认没有启动其他实例"
    ),
    "another instance has the lease of the account: end one of the two, then restart this one": (
        "另一个实例持有该账户的租约：请结束其中一个，然后重启本实例"
    ),
    "This one has not started and has sent nothing": "本实例未启动，未发送任何请求",
    "this account is traded by another instance: {who}": "该账户正由另一个实例交易：{who}",
    "one that has given it back just now": "刚刚归还租约的实例",
    "Stop that one first; where it died, its lease lapses by itself within {seconds} s": (
        "请先停掉它；如果它已异常退出，租约会在 {seconds} 秒内自动失效"
    ),
    "the database has not answered within {seconds} s": "数据库在 {seconds} 秒内没有应答",
    "the mirror at {place} was written by a newer version of this program: {why}": (
        "{place} 的镜像库由更新版本的程序写入：{why}"
    ),
    "the address of the journal's mirror is none; write postgresql://USER@HOST:PORT/DATABASE": (
        "镜像库地址无效；请写成 postgresql://USER@HOST:PORT/DATABASE"
    ),
    "PostgreSQL at {place} fails ({why})": "{place} 的 PostgreSQL 出错（{why}）",
    "PostgreSQL at {place} fails ({how}): {why}": "{place} 的 PostgreSQL 出错（{how}）：{why}",
    "PostgreSQL at {place} cannot be reached": "无法连接 {place} 的 PostgreSQL",
    "PostgreSQL at {place} refuses the connection; look at the user, the password (PGPASSWORD), the database and "
    "pg_hba.conf": "{place} 的 PostgreSQL 拒绝连接；请检查用户、密码（PGPASSWORD）、数据库与 pg_hba.conf",
    "PostgreSQL at {place} does not answer": "{place} 的 PostgreSQL 没有应答",
    "Account {account} is already worked on this host by another instance: {who}": (
        "账户 {account} 已由本机上的另一个实例操作：{who}"
    ),
    "The journal of this state folder is already written by another instance: {who}": (
        "该状态目录的日志库已由另一个实例写入：{who}"
    ),
    "process {pid}, since {since}, configuration {path}, venue {venue}": (
        "进程 {pid}，自 {since} 起，配置 {path}，venue {venue}"
    ),
    "process {pid}, which does not answer": "进程 {pid}，没有应答",
    "process unknown, which does not answer": "未知进程，没有应答",
    "This one has not started and has sent nothing, whatever its configuration and prefix": (
        "本实例未启动、未发送任何请求，与配置和前缀无关"
    ),
    "Stop the other one first, or {what}": "请先停掉另一个，或{what}",
    "give this one a state folder of its own (--state)": "为本实例另设状态目录（--state）",
    "give this one the API key of another account": "为本实例换用另一个账户的 API 密钥",
}
