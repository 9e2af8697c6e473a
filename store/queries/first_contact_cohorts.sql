-- Do new accounts reach out more than old ones: accounts by the week in which they were first seen, with the people each
-- wrote to for the first time, the share of those who wrote back, and the share of accounts that reached many.
-- @many = 20: how many first contacts are many
SELECT cohort, count() AS accounts, round(avg(contacts), 2) AS first_contacts_mean, quantileExact(0.95)(contacts) AS first_contacts_p95,
       round(sum(answered) / greatest(sum(contacts), 1), 4) AS answered_share, round(countIf(contacts >= {many:UInt32}) / count(), 4) AS many_share
FROM
(
    SELECT account, toMonday(min(first)) AS cohort, countIf(written AND NOT approached) AS contacts, countIf(written AND NOT approached AND replied) AS answered
    FROM
    (
        SELECT account, peer, min(at) AS first, countIf(side = 'acted') > 0 AS written, countIf(side = 'received') > 0 AS replied,
               argMin(side, (at, log_partition, log_offset)) = 'received' AS approached
        FROM events
        WHERE type = 'message' AND kind = 'direct' AND peer != ''
        GROUP BY account, peer
    )
    GROUP BY account
)
GROUP BY cohort
ORDER BY cohort
