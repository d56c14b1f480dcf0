"""Makes a million attempts of the story's three thousand, by SQL over sets; each is an earlier one, told again later.

A copy keeps what the engine compared and decided, its voucher's counter is raised by it, and only attempts are copied
whose outcome does not depend on what was used up: a code without a limit, a refusal that still holds, no order with
several codes. It takes
another customer where no rule asks for one. What cannot be copied at a moment is replaced by an evergreen success.
"""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import connection, transaction

from campaigns.models import Campaign, Customer, Segment
from redemptions.models import Redemption
from voucherify_admin.demo import people
from voucherify_admin.demo.draw import id_at
from voucherify_admin.demo.offer import ALWAYS_VALID, MEMBERS, join_segments
from vouchers.models import Voucher

ATTEMPTS = 1_000_000
CHUNK = 100_000
CUSTOMERS = 20_000
FIRST_CUSTOMER = 50_000
# Codes of one use cannot be copied; their copies take the code that hangs in one of the shops.
CITIES = ("BERLIN", "KRAKOW", "LYON", "SEVILLA", "ATHENS")
PREFIXES = {"newsletter": "NEWS", "rush": "BF", "clearance": "TIN", "office": "PANTRY"}
# A copy is made of one of so many attempts that came right before it, so that every day keeps its own face.
LOOK_BACK = 120
UNDONE_OF_A_HUNDRED = 2.5
# Everything about an order alone stays refused; about these a copy keeps the customer.
BOUND_TO_CUSTOMER = ("customer_rules_violated", "redemption_rules_violated", "missing_customer")

TEMPLATES = """
CREATE TEMPORARY TABLE demo_template ON COMMIT DROP AS
SELECT row_number() OVER newest - 1 AS rank,
       lead(r.created_at, 1, r.created_at + interval '1 minute') OVER newest AS next_at,
       r.*,
       r.result = 'SUCCESS' AND v.quantity IS NOT NULL AS takes_city_code,
       r.customer_id IS NOT NULL AND r.failure_code <> ALL(%(bound)s) AND NOT coalesce(rules.by_customer, false)
           AS takes_anyone,
       r.result = 'SUCCESS' AND v.quantity IS NULL AND r.status = 'SUCCEEDED'
           AND coalesce(v.expiration_date, c.expiration_date) IS NULL AND coalesce(c.is_active, true) AS is_evergreen,
       CASE WHEN r.failure_code IN ('not_found', 'invalid_payload', 'voucher_expired', 'voucher_disabled')
                THEN 'infinity'
            WHEN r.failure_code = 'voucher_not_active' THEN greatest(v.start_date, c.start_date)
            ELSE least(v.expiration_date, c.expiration_date,
                       CASE WHEN NOT c.is_active THEN c.updated_at END, 'infinity') END AS until
FROM redemptions_redemption r
LEFT JOIN vouchers_voucher v ON v.id = r.voucher_id
LEFT JOIN campaigns_campaign c ON c.id = r.campaign_id
LEFT JOIN LATERAL (
    SELECT bool_or(rule.rules::text ~ 'customer') AS by_customer,
           bool_or(rule.rules::text ~ 'per_customer') AS counts
    FROM campaigns_ruleassignment a JOIN campaigns_validationrule rule ON rule.id = a.rule_id
    WHERE a.related_object_id = c.public_id) rules ON true
WHERE r.id <= %(last)s AND r.parent_id IS NULL AND NOT r.facts ? 'stacked'
  AND r.channel_name <> 'Partner widget' AND v.validity_day_of_week IS NULL
  -- A use that counts for a gift card's balance, a customer or a limit cannot happen once more.
  AND (r.result = 'FAILURE' OR (r.gift_amount IS NULL AND NOT coalesce(rules.counts, false)
       AND (v.quantity IS NULL OR c.id = ANY(%(city_campaigns)s))))
WINDOW newest AS (ORDER BY r.created_at, r.id);
CREATE UNIQUE INDEX ON demo_template (rank);
CREATE TEMPORARY TABLE demo_evergreen ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY rank) - 1 AS slot, rank FROM demo_template WHERE is_evergreen;
CREATE TEMPORARY TABLE demo_city ON COMMIT DROP AS
SELECT row_number() OVER (PARTITION BY campaign_id ORDER BY id) - 1 AS slot, id, public_id, code, campaign_id
FROM vouchers_voucher WHERE metadata ? 'demo_city';
CREATE TEMPORARY TABLE demo_customer ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY id) - 1 AS slot, id, name, source_id,
       jsonb_build_object('id', public_id, 'source_id', source_id, 'name', name, 'email', nullif(email, ''),
                          'phone', nullif(phone, ''), 'metadata', metadata, 'object', 'customer') AS snapshot
FROM campaigns_customer WHERE source_id BETWEEN %(first_customer)s AND %(last_customer)s;
CREATE UNIQUE INDEX ON demo_customer (slot);
ANALYZE demo_template; ANALYZE demo_evergreen; ANALYZE demo_city; ANALYZE demo_customer;
"""

COPY = """
WITH sizes AS (
    SELECT (SELECT count(*) FROM demo_template) AS templates, (SELECT count(*) FROM demo_evergreen) AS evergreens,
           (SELECT count(*) FROM demo_customer) AS customers),
placed AS (
    SELECT i, (i::float8 * templates / %(attempts)s) AS spot, sizes.*,
           -- Numbers from 0 up to 1 that look like chance and are the same for attempt i in every run.
           (SELECT array_agg((hashint8extended(i, %(seed)s + k) & 9007199254740991)::float8 / 9007199254740992
                             ORDER BY k) FROM generate_series(1, 5) k) AS draws
    FROM generate_series(%(start)s::bigint, %(stop)s::bigint - 1) i, sizes),
timed AS (
    SELECT placed.*, t.created_at + (t.next_at - t.created_at) * (spot - floor(spot)) AS at,
           greatest(0, floor(spot) - floor(draws[1] * %(look_back)s))::bigint AS wanted,
           floor(draws[2] * evergreens)::bigint AS evergreen,
           floor(draws[3] * customers)::bigint AS customer_slot,
           floor(draws[4] * %(cities)s)::bigint AS city_slot,
           draws[5] AS undone,
           hashint8extended(i, %(seed)s + 6) & 1048575 AS tail
    FROM placed JOIN demo_template t ON t.rank = floor(spot)::bigint),
picked AS (
    SELECT timed.*, lpad(to_hex((extract(epoch FROM at) * 1000000)::bigint), 13, '0') AS moment,
           CASE WHEN w.until >= at THEN w.rank ELSE e.rank END AS pick
    FROM timed JOIN demo_template w ON w.rank = wanted JOIN demo_evergreen e ON e.slot = evergreen),
made AS (
    INSERT INTO redemptions_redemption (
        public_id, created_at, result, status, failure_code, failure_message, channel_type, channel_id, channel_name,
        user_id, tracking_id, metadata, request_id, code, voucher_id, voucher_public_id, campaign_id, campaign_name,
        customer_id, customer_name, customer_source_id, customer_snapshot, amount, discount_amount, gift_amount,
        "order", facts, error_message)
    SELECT CASE t.result WHEN 'SUCCESS' THEN 'r_' ELSE 'rf_' END
               || moment || lpad(to_hex(tail), 5, '0'),
           at, t.result,
           CASE WHEN t.result = 'FAILURE' THEN 'FAILED'
                WHEN undone < %(undone)s THEN 'ROLLED_BACK' ELSE 'SUCCEEDED' END,
           t.failure_code, t.failure_message, t.channel_type, t.channel_id, t.channel_name,
           t.user_id, t.tracking_id, t.metadata, '', coalesce(c.code, t.code), coalesce(c.id, t.voucher_id),
           coalesce(c.public_id, t.voucher_public_id), t.campaign_id, t.campaign_name,
           coalesce(p.id, t.customer_id), coalesce(p.name, t.customer_name),
           coalesce(p.source_id, t.customer_source_id), coalesce(p.snapshot, t.customer_snapshot),
           t.amount, t.discount_amount, t.gift_amount,
           CASE WHEN t."order" ? 'id'
                THEN t."order" || jsonb_build_object('id', 'ord_' || moment || lpad(to_hex(tail), 5, '0'),
                                                     'source_id', 'B' || i) ELSE t."order" END,
           CASE WHEN t.facts ? 'now'
                THEN jsonb_set(t.facts, '{now}', to_jsonb(to_char(at AT TIME ZONE 'UTC',
                                                                  'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')))
                ELSE t.facts END,
           t.error_message
    FROM picked JOIN demo_template t ON t.rank = pick
    LEFT JOIN demo_city c ON t.takes_city_code AND c.campaign_id = t.campaign_id AND c.slot = city_slot
    LEFT JOIN demo_customer p ON t.takes_anyone AND p.slot = customer_slot
    ORDER BY i
    RETURNING id, public_id, created_at, status, voucher_id, channel_type, channel_id, channel_name, user_id),
undone AS (
    INSERT INTO redemptions_rollback (
        public_id, created_at, redemption_id, result, failure_code, failure_message, channel_type, channel_id,
        channel_name, user_id, metadata, request_id, reason, effects)
    SELECT 'rr_' || substr(public_id, 3), least(created_at + interval '3 minutes', %(now)s), id, 'SUCCESS', '', '',
           channel_type, channel_id, channel_name, user_id, '{}', '',
           CASE WHEN channel_name IN ('Web shop', 'Mobile app') THEN 'Payment was declined'
                ELSE 'Scanned twice at the till' END,
           '{}'
    FROM made WHERE status = 'ROLLED_BACK'),
counted AS (
    UPDATE vouchers_voucher v SET redeemed_quantity = v.redeemed_quantity + uses.times
    FROM (SELECT voucher_id, count(*) AS times FROM made WHERE status = 'SUCCEEDED' GROUP BY voucher_id) uses
    WHERE v.id = uses.voucher_id)
SELECT count(*) FROM made
"""


def multiply(
    *,
    attempts: int = ATTEMPTS,
    chunk: int = CHUNK,
    customers: int = CUSTOMERS,
    report: Callable[[int, int], None] = lambda done, of: None,
) -> int:
    """Add attempts until there are `attempts` copies; return how many were added now.

    The story must have been told. Each chunk is one transaction that also notes how far it came, so a run that was
    stopped is taken up by the next one. `report` is called after each chunk with the copies so far and wanted.
    """
    added = 0
    while True:
        with transaction.atomic():
            demo = Voucher.objects.select_for_update().get(code=ALWAYS_VALID)
            told = demo.metadata["demo"]
            done = told["bulk"]
            if done >= attempts:
                return added
            if not done:
                _prepare(told["seed"], customers)
            stop = min(done + chunk, attempts)
            added += _copy(told, start=done, stop=stop, attempts=attempts)
            demo.metadata = {**demo.metadata, "demo": {**told, "bulk": stop}}
            demo.save(update_fields=["metadata"])
        report(stop, attempts)


def _prepare(seed: int, customers: int) -> None:
    """Write the customers and codes that only the copies use."""
    rng = random.Random(seed)  # noqa: S311 - a story, not a secret
    first = Redemption.objects.order_by("created_at").values_list("created_at", flat=True)[0]
    many = people.invent(customers, rng=rng, before=first - timedelta(days=60), now=first, first=FIRST_CUSTOMER)
    Customer.objects.bulk_create(many, batch_size=2000)
    join_segments({segment.name: segment for segment in Segment.objects.filter(name__in=MEMBERS)}, many)
    codes = []
    for key, campaign in _city_campaigns().items():
        for city in CITIES:
            at = campaign.created_at + timedelta(minutes=20, seconds=rng.randrange(600))
            codes.append(
                Voucher(
                    public_id=id_at("v_", at, rng),
                    code=f"{PREFIXES[key]}-{city}",
                    campaign=campaign,
                    discount=campaign.voucher_template["discount"],
                    category=campaign.category,
                    additional_info="Hangs at the door of the shop; everybody may use it.",
                    metadata={"demo_city": city},
                    created_at=at,
                )
            )
    Voucher.objects.bulk_create(codes)


def _city_campaigns() -> dict[str, Campaign]:
    """The campaigns of one-use codes, found by the codes themselves."""
    found = {}
    for key, prefix in PREFIXES.items():
        voucher = Voucher.objects.filter(code__startswith=f"{prefix}-", quantity=1).select_related("campaign").first()
        if voucher and voucher.campaign:
            found[key] = voucher.campaign
    return found


def _copy(told: dict[str, Any], *, start: int, stop: int, attempts: int) -> int:
    values = {
        "last": told["last"],
        "seed": told["seed"],
        "attempts": attempts,
        "start": start,
        "stop": stop,
        "bound": list(BOUND_TO_CUSTOMER),
        "city_campaigns": [campaign.pk for campaign in _city_campaigns().values()],
        "first_customer": f"FK-{10_000 + FIRST_CUSTOMER}",
        "last_customer": "FK-99999",
        "look_back": LOOK_BACK,
        "cities": len(CITIES),
        "undone": UNDONE_OF_A_HUNDRED / 100,
        "now": Redemption.objects.filter(pk__lte=told["last"]).order_by("-created_at").first().created_at,
    }
    with connection.cursor() as cursor:
        cursor.execute(TEMPLATES, values)
        cursor.execute(COPY, values)
        added = cursor.fetchone()[0]
        cursor.execute("DROP TABLE demo_template, demo_evergreen, demo_city, demo_customer")
    return added
