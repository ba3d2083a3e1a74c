-- What lists other than the customers' show, made from the customers: so many of each as there are customers, by chance
-- that a customer's id decides. Few are few in both databases and many in the same share.
CREATE TEMPORARY TABLE known AS
SELECT customer_id, municipality, family_name, given_name, date_of_birth, service_language,
    abs(hashtext(customer_id::text)) AS chance,
    lead(customer_id) OVER (PARTITION BY municipality ORDER BY listed_name, customer_id) AS next_one
FROM client_relationship JOIN customer USING (customer_id)
WHERE ended_on IS NULL;

-- one in ten is to be reached, one in fifty of them on a rare ground
INSERT INTO outreach_target (target_id, municipality, state, family_name, given_name, date_of_birth, service_language,
    grounds, ground_codes, protected, contact_by)
SELECT gen_random_uuid(), municipality,
    CASE WHEN chance / 10 % 10 < 6 THEN 'not_reached' ELSE 'no_answer' END,
    family_name, given_name, date_of_birth, service_language,
    jsonb_build_array(jsonb_build_object('ground', ground, 'source', 'benefit_institution', 'received_on', '2026-01-02',
        'operation_id', gen_random_uuid())),
    ARRAY[ground], false, current_date + chance / 10 % 1000
FROM known, LATERAL (
    SELECT CASE WHEN chance / 100 % 50 = 0 THEN 'integration_act_group' ELSE 'home_care_allowance' END AS ground
) AS why
WHERE chance % 10 = 0;

-- of one in twenty another authority told, of a fifth of them just now
CREATE TEMPORARY TABLE told AS
SELECT gen_random_uuid() AS contact_id, * FROM known WHERE chance % 20 = 1;
INSERT INTO contact (contact_id, municipality, version, state, family_name, given_name, name_words, date_of_birth,
    received_at)
SELECT contact_id, municipality, 1, CASE WHEN chance / 20 % 5 = 0 THEN 'open' ELSE 'closed' END, family_name, given_name,
    ARRAY[family_name, given_name], date_of_birth, '2026-01-02'
FROM told;
INSERT INTO contact_report (report_id, contact_id, received_at, received_by, authority, authority_name, channel, report)
SELECT gen_random_uuid(), contact_id, now(), 'bench', 'bench', 'Bench', 'message', 'none'
FROM told, generate_series(0, chance / 100 % 2);

-- one in twenty looks like somebody, half of whom have been decided
INSERT INTO suspected_duplicate (pair_id, municipality, customer_ids, score, found_at, decision)
SELECT gen_random_uuid(), municipality, ARRAY[least(customer_id, next_one), greatest(customer_id, next_one)],
    45 + chance / 40 % 55, now(), CASE WHEN chance / 20 % 2 = 0 THEN 'not_same_person' END
FROM known
WHERE chance % 20 = 2 AND next_one IS NOT NULL
ON CONFLICT DO NOTHING;

-- one in ten was offered or asked for, of whom a tenth awaits an answer
INSERT INTO transfer (transfer_id, customer_id, giver, receiver, reason, legal_basis, version, state, requester, addressee,
    due_on, turns, created_at, changed_at)
SELECT gen_random_uuid(), customer_id, municipality, other, 'moved', 'bench', 1,
    CASE WHEN chance / 10 % 10 = 0 THEN 'requested' ELSE 'rejected' END,
    CASE WHEN is_asked THEN other ELSE municipality END, CASE WHEN is_asked THEN municipality ELSE other END,
    current_date + 14, '[]', now(), now()
FROM known, LATERAL (
    SELECT CASE municipality WHEN '091' THEN '837' ELSE '091' END AS other, chance / 100 % 2 = 0 AS is_asked
) AS with_whom
WHERE chance % 10 = 3;

ANALYZE outreach_target, contact, contact_report, suspected_duplicate, transfer
