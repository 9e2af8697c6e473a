-- What happened around one account: its events, verdicts and alerts in the order of time, newest first.
-- @account: pseudonym, 32 hexadecimal digits
-- @limit = 200: how many rows
SELECT at, what, detail, peer, score, id
FROM
(
    SELECT at, concat(toString(side), ' ', toString(type)) AS what,
           arrayStringConcat(arrayFilter(x -> x != '', [toString(kind), toString(media), toString(relation), toString(category), toString(verdict)]), ' ') AS detail,
           peer, NULL::Nullable(Float64) AS score, id, log_partition, log_offset, 0 AS rank
    FROM events WHERE account = {account:String}
    UNION ALL
    SELECT at, 'verdict', concat(toString(harm), ' ', toString(severity), if(shadow, ' (shadow)', ''), ': ', arrayStringConcat(arraySlice(reasons.feature, 1, 3), ', ')),
           '', score, event, log_partition, log_offset, 1
    FROM verdicts WHERE account = {account:String}
    UNION ALL
    SELECT at, toString(type), concat(toString(harm), ' ', toString(severity), if(suppressed, ' (suppressed)', '')), '', score, id, 0, toInt64(sequence), 2
    FROM alerts WHERE account = {account:String}
)
ORDER BY at DESC, rank DESC, log_partition DESC, log_offset DESC
LIMIT {limit:UInt32}
