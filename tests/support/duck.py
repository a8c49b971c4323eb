"""The features of REES46's open data in DuckDB's SQL: written from the docstrings, not the code.

One query a kind of entity; a row has its id, then a column for every field of the feature views.
"""

from pathlib import Path
from typing import Any, TypeAlias

import duckdb
from naive import DAY, HOUR, MINUTE

Rows: TypeAlias = dict[str, dict[str, Any]]
"""Entity -> field -> value."""

_EVENTS = """
create table events as
select epoch_ms(strptime(event_time, '%Y-%m-%d %H:%M:%S UTC')) as ms, event_type as act,
       product_id as item, nullif(category_code, '') as category, nullif(brand, '') as brand,
       cast(price as decimal(18, 2)) as price, user_id, nullif(user_session, '') as session_id
from read_csv($file, all_varchar = true, null_padding = true)
"""

# A window is the bucket of now and the span - 1 before it.
_MACROS = """
create macro age(ms, step) as getvariable('now') // step - ms // step;
create macro covered(ms, step, span) as age(ms, step) >= 0 and age(ms, step) < span;
create macro fifth(own, bounds) as 1 + len(list_filter(bounds, lambda bound: bound < own));
create macro week_slot(ms) as (ms - 345600000) % 604800000 // 14400000 * 4;
"""

_WINDOWS = {
    "1h": (5 * MINUTE, 12),
    "24h": (HOUR, 24),
    "7d": (6 * HOUR, 28),
    "30d": (DAY, 30),
}


def _counted(acts: dict[str, str], money: str, *windows: str) -> str:
    columns = [
        f"count(*) filter (act = '{act}' and covered(ms, {step}, {span})) as {name}_{window}"
        for name, act in acts.items()
        for window, (step, span) in _WINDOWS.items()
        if window in windows
    ]
    columns += [
        f"coalesce(sum(price) filter (act = 'purchase' and covered(ms, {step}, {span})), 0)::double"
        f" as {money}_{window}"
        for window, (step, span) in _WINDOWS.items()
        if window in windows
    ]
    return ",\n  ".join(columns)


_ACTS = {"views": "view", "carts": "cart", "purchases": "purchase"}

# A bound is the value at rank ceil(n * i / 5) of n.
_POPULATION = """
select * exclude (id) from (
  select 'customers' as id, count(*)::double as buyers,
    [list_sort(list(recency))[(count(*) * i + 4) // 5] for i in [1, 2, 3, 4]] as recency_bounds,
    [list_sort(list(orders))[(count(*) * i + 4) // 5] for i in [1, 2, 3, 4]] as frequency_bounds,
    [list_sort(list(money))[(count(*) * i + 4) // 5] for i in [1, 2, 3, 4]] as monetary_bounds
  from (
    select (getvariable('now') - max(ms) // 1000 * 1000) / 86400000 as recency,
      count(*)::double as orders, sum(price)::double as money
    from events where act = 'purchase' group by user_id
  )
)
"""

_USERS = f"""
with counts as (
  select user_id,
  {_counted(_ACTS, "spent", *_WINDOWS)},
  100 * (1 - exp(-coalesce(sum(
    case act when 'view' then 2 when 'cart' then 6 when 'purchase' then 12 else 1 end
    * pow(0.5, age(ms, 21600000) * 6 / 48)
  ) filter (covered(ms, 21600000, 28)), 0) / 20)) as behavior_score,
  least(count(distinct item) filter (act = 'view' and covered(ms, 3600000, 24)), 200) as items_24h,
  (getvariable('now') - max(ms) filter (act = 'purchase')) / 86400000 as recency_days,
  count(*) filter (act = 'purchase') as frequency,
  coalesce(sum(price) filter (act = 'purchase'), 0)::double as monetary,
  avg(price) filter (act = 'purchase') as average_order,
  avg(price) filter (act = 'view') as mean_price,
  avg(price) filter (act = 'cart') / avg(price) filter (act = 'view') as price_ratio,
  null as device, null as device_share, null as channel, null as channel_share,
  (getvariable('now') - min(ms)) / 86400000 as days_since_first,
  (getvariable('now') - max(ms)) / 86400000 as days_since_last
  from events group by all
),
gaps as (
  select *, coalesce(ms - lag(ms) over w > 1800000, true) as starts
  from events window w as (partition by user_id order by ms)
),
numbered as (
  select *, sum(starts::int) over (
    partition by user_id order by ms rows between unbounded preceding and current row) as visit
  from gaps
),
visits as (
  select user_id, visit, (max(ms) - min(ms)) / 1000 as seconds, count(*) as depth,
         getvariable('now') - max(ms) <= 1800000 as going_on
  from numbered group by all
),
sessions as (
  select user_id,
    coalesce(max(seconds) filter (going_on), 0.0) as session_seconds,
    coalesce(max(depth) filter (going_on), 0) as session_depth,
    count(*) as sessions,
    avg(seconds) filter (not going_on) as session_mean_seconds,
    avg((depth = 1)::int) filter (not going_on) as bounce_rate
  from visits group by all
),
named as (
  select user_id, ms, act, unnest([
    {{'kind': 'category', 'name': category}}, {{'kind': 'brand', 'name': brand}},
    {{'kind': 'item', 'name': item}}
  ], recursive := true) from events
),
seen as (
  select user_id, kind, name, max(ms) // 1000 as second,
    sum(case act when 'view' then 1 when 'cart' then 3 when 'purchase' then 5 end
        * pow(0.5, newest - ms // 604800000)) as points
  from (
    select *, max(ms // 604800000) over (partition by user_id, kind) as newest
    from named where name is not null
  ) where newest - ms // 604800000 < 4 group by all
),
shared as (select *, points / sum(points) over (partition by user_id, kind) as share from seen),
ordered as (
  select user_id, kind,
    list(name order by second desc, name)[1:5] as last,
    list(name order by share desc, name)[1:3] as top,
    list(share order by share desc, name)[1:3] as shares
  from shared group by all
),
tastes as (
  select user_id,
    coalesce(any_value(last) filter (kind = 'category'), []) as last_categories,
    coalesce(any_value(top) filter (kind = 'category'), []) as top_categories,
    coalesce(any_value(shares) filter (kind = 'category'), []) as category_shares,
    coalesce(any_value(top) filter (kind = 'brand'), []) as top_brands,
    coalesce(any_value(shares) filter (kind = 'brand'), []) as brand_shares,
    coalesce(any_value(last) filter (kind = 'item'), []) as last_items
  from ordered group by all
),
moves as (
  select user_id, item, ms, price,
         case act when 'cart' then 1 when 'remove_from_cart' then -1 end as quantity
  from (select *, max(ms) filter (act = 'purchase') over (partition by user_id) as bought
        from events)
  where act in ('cart', 'remove_from_cart') and ms > coalesce(bought, 0)
),
lines as (
  select user_id, item, sum(quantity) as quantity,
    max(max(ms)) over (partition by user_id) as moved,
    arg_max(price, (ms, price)) filter (quantity > 0) as price
  from moves group by user_id, item
),
open_carts as (
  select user_id, sum(quantity) as cart_items, sum(quantity * price)::double as cart_value,
    (getvariable('now') - max(moved)) / 60000 as cart_minutes,
    (getvariable('now') - max(moved) > 3600000)::int as cart_abandoned
  from lines where quantity > 0 and getvariable('now') - moved <= 2592000000 group by all
),
slots as (select user_id, week_slot(ms) as slot, count(*) as events from events group by all),
hours as (
  select user_id, arg_max(slot, (events, -slot)) as usual_hour,
    max(events) / sum(events) as usual_share
  from slots group by all
)
select * exclude (cart_items, cart_value, cart_abandoned, recency_bounds, frequency_bounds,
    monetary_bounds, buyers),
  case when frequency > 0 then 6 - fifth(recency_days, recency_bounds) end as recency_quintile,
  case when frequency > 0 then fifth(frequency, frequency_bounds) end as frequency_quintile,
  case when frequency > 0 then fifth(monetary, monetary_bounds) end as monetary_quintile,
  100 * recency_quintile + 10 * frequency_quintile + monetary_quintile as rfm,
  coalesce(cart_items, 0) as cart_items, coalesce(cart_value, 0.0) as cart_value,
  coalesce(cart_abandoned, 0) as cart_abandoned
from counts join sessions using (user_id) join tastes using (user_id) join hours using (user_id)
left join open_carts using (user_id) cross join ({_POPULATION})
"""

_ITEMS = f"""
select item,
  {_counted(_ACTS, "revenue", "1h", "24h", "7d")},
  coalesce(sum(
    case act when 'view' then 1 when 'cart' then 4 when 'purchase' then 10 else 0 end
    * pow(0.5, age(ms, 21600000) * 6 / 24)
  ) filter (covered(ms, 21600000, 28)), 0) as popularity,
  purchases_7d / nullif(views_7d, 0) as conversion_7d,
  24 * views_1h / nullif(views_24h, 0) as trend,
  list(distinct user_id) filter (act = 'view' and covered(ms, 3600000, 24)) as visitors_24h
from events where act in ('view', 'cart', 'purchase') group by all
"""

_SESSIONS = """
select session_id, (max(ms) - min(ms)) / 1000 as seconds, count(*) as events, 0 as pages,
  count(*) filter (act = 'view') as views, count(*) filter (act = 'cart') as carts,
  count(*) filter (act = 'purchase') as orders,
  coalesce(sum(price) filter (act = 'purchase'), 0)::double as revenue,
  (count(*) = 1)::int as bounced
from events where session_id is not null group by all
"""

QUERIES = {
    "user": _USERS,
    "item": _ITEMS,
    "session": _SESSIONS,
    "population": f"select 'customers', * from ({_POPULATION})",
}


class Truth:
    """What the fields of every entity in a file are, by DuckDB.

    `visitors_24h` is the list of all of them: how far a sketch may be from it is for the test.
    """

    def __init__(self, file: Path) -> None:
        self._duck = duckdb.connect()
        self._duck.execute(_EVENTS, {"file": str(file)})
        self._duck.execute(_MACROS)

    def __call__(self, entity: str, now: int) -> Rows:
        """Return every field at `now`, ms since 1970."""
        self._duck.execute(f"set variable now = {now}")
        found = self._duck.execute(QUERIES[entity])
        names = [column[0] for column in found.description]
        return {row[0]: dict(zip(names[1:], row[1:], strict=True)) for row in found.fetchall()}
