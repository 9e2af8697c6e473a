-- How many alerts there were for each harm and day: opened, updated, closed, held back by
-- the budget, alerts that were critical, and over how many accounts.
-- @days = 30: how many days before the newest alert to look back
SELECT harm, toDate(at) AS day,
       countIf(type = 'alert.opened') AS opened, countIf(type = 'alert.updated') AS updated, countIf(type = 'alert.closed') AS closed,
       countIf(type = 'alert.opened' AND suppressed) AS suppressed,
       uniqExactIf(id, severity = 'critical') AS critical,
       uniqExact(account) AS accounts, round(max(score), 4) AS highest_score
FROM alerts
WHERE at > (SELECT max(at) FROM alerts) - toIntervalDay({days:UInt32})
GROUP BY harm, day
ORDER BY day DESC, harm
