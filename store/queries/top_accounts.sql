-- Which accounts look worst now: the last score of each account and harm, highest first, with the main reason.
-- @harm = : one harm only, such as grooming
-- @days = 7: how many days before the newest verdict to look back
-- @limit = 20: how many accounts and harms
SELECT account, harm, score, severity, shadow, at, events,
       reasons.feature[1] AS reason, reasons.value[1] AS value, reasons.contribution[1] AS contribution, model
FROM
(
    SELECT * FROM verdicts
    WHERE at > (SELECT max(at) FROM verdicts) - toIntervalDay({days:UInt32})
      AND ({harm:String} = '' OR toString(harm) = {harm:String})
    ORDER BY at DESC, log_partition DESC, log_offset DESC
    LIMIT 1 BY account, harm
)
WHERE assessable
ORDER BY score DESC, account, harm
LIMIT {limit:UInt32}
