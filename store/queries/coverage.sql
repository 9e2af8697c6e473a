-- What the messenger gives: for each type of event, the share of acted sides that carry each optional field. A harm whose
-- fields are missing is not assessable.
-- @days = 7: how many days before the newest event to look back
SELECT type, count() AS events,
       round(avg(conversation != ''), 3) AS conversation, round(avg(members IS NOT NULL), 3) AS members,
       round(avg(media != ''), 3) AS media, round(avg(size IS NOT NULL), 3) AS size, round(avg(forwards IS NOT NULL), 3) AS forwards,
       round(avg(session_new IS NOT NULL), 3) AS session_new, round(avg(disappearing IS NOT NULL), 3) AS disappearing,
       round(avg(relation != ''), 3) AS relation, round(avg(shared_groups IS NOT NULL), 3) AS shared_groups,
       round(avg(age != ''), 3) AS age, round(avg(peer_age != ''), 3) AS peer_age,
       round(avg(created IS NOT NULL), 3) AS created, round(avg(peer_created IS NOT NULL), 3) AS peer_created,
       round(avg(device != ''), 3) AS device, round(avg(network != ''), 3) AS network, round(avg(country != ''), 3) AS country,
       round(avg(phone_country != ''), 3) AS phone_country, round(avg(client != ''), 3) AS client
FROM events
WHERE side = 'acted' AND at > (SELECT max(at) FROM events) - toIntervalDay({days:UInt32})
GROUP BY type
ORDER BY events DESC
