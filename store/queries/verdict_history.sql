-- How one account's scores moved, and by which reasons: a row for each recorded verdict, newest first.
-- @account: pseudonym, 32 hexadecimal digits
-- @harm = : one harm only, such as grooming
-- @limit = 200: how many rows
SELECT at, harm, score, severity, margin, events,
       arrayMap((f, v, c) -> concat(f, ' = ', toString(round(v, 2)), ' (', if(c < 0, '', '+'), toString(round(c, 2)), ')'),
                reasons.feature, reasons.value, reasons.contribution) AS reasons,
       missing, shadow, model, event
FROM verdicts
WHERE account = {account:String} AND ({harm:String} = '' OR toString(harm) = {harm:String})
ORDER BY at DESC, log_partition DESC, log_offset DESC, harm
LIMIT {limit:UInt32}
