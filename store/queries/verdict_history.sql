-- How one account's scores moved, and by which reasons: a row for each recorded verdict, newest first.
-- @account: pseudonym, 32 hexadecimal digits
-- @harm = : one harm only, such as grooming
-- @limit = 200: how many rows
SELECT at, account, harm, assessable, margin, score, p, severity, shadow, model, events,
       CAST(arrayZip(reasons.feature, reasons.value, reasons.contribution), 'Array(Tuple(feature String, value Float32, contribution Float64))') AS reasons,
       missing, event
FROM verdicts
WHERE account = {account:String} AND ({harm:String} = '' OR toString(harm) = {harm:String})
ORDER BY at DESC, log_partition DESC, log_offset DESC, harm
LIMIT {limit:UInt32}
