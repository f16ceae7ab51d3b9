"""
One statement per verb, and the schema.

- A row that is over its time does not exist: for loads, creates and replacements alike.
- `clock_timestamp()`, not `now()`, which is the beginning of the transaction.
- The durability of a write is not left to a role's or a database's setting, nor to a pooler that
  drops start-up parameters: `synchronous_commit` is raised inside the statement.
- Keys are compared by their bytes (`collate "C"`): a collation may take two keys for one.
- The timeline is that of the WAL that is written. `pg_control_checkpoint()` names the old one for
  minutes after a promotion.
"""

from typing import Final

from attrs import frozen

__all__ = ["SWEEP_AFTER", "Statements", "schema"]

SWEEP_AFTER: Final = 3600
"""Seconds for which a row that is over stays in the table."""

_SCHEMA: Final = """\
create table if not exists {table} (
    key        text collate "C" primary key,
    version    text collate "C" not null,
    payload    bytea not null,             -- ASCII text, or what it is encrypted to
    keep_for   double precision,           -- seconds; null: for ever
    written_at timestamptz not null,
    expires_at timestamptz not null        -- 'infinity': for ever
);
-- for the sweep
create index if not exists {name}_ended on {table} (expires_at) where expires_at <> 'infinity';
-- for the list of what is pending: nothing else is kept for ever
create index if not exists {name}_endless on {table} (key) where expires_at = 'infinity';
"""

_PLACE: Final = (
    "' database=' || (select oid from pg_database where datname = current_database())"
    " || ' table=' || to_regclass('{table}')::oid"
)
_CLUSTER: Final = "'postgresql cluster=' || (select system_identifier from pg_control_system())"
_TIMELINE: Final = "' timeline=' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)"
# Null, which equals nothing, while no synchronous standby is configured.
_SYNCHRONOUS: Final = (
    "case when current_setting('synchronous_standby_names') <> '' then ' synchronous' end"
)

_DURABLE: Final = """
with durable as materialized (
    select set_config('synchronous_commit', case when current_setting('synchronous_commit')
           in ('off', 'local') then 'on' else current_setting('synchronous_commit') end, true)
)"""

# {marker} is what the marker's version must be, {fingerprint} the life of this server.
_ALIVE: Final = """({marker}::text is null or (
       exists (select from {table} as m where m.key = '{marker_key}' and m.version = {marker}
                  and m.payload = convert_to({accepted}, 'UTF8')
                  and m.expires_at > clock_timestamp())
       and {fingerprint} = {print}::text))"""

_LOAD: Final = """
select current_setting('transaction_read_only') = 'on' as read_only,
       r.version, r.payload, r.keep_for,
       case when clock_timestamp() >= r.written_at
            then extract(epoch from clock_timestamp() - r.written_at)::float8 end as age
  from (select) as one
  left join {table} as r on r.key = $1 and r.expires_at > clock_timestamp()
"""

_CREATE: Final = """{durable}
insert into {table} as r (key, version, payload, keep_for, written_at, expires_at)
select $1, $2, $3, $4::float8, clock_timestamp(),
       coalesce(clock_timestamp() + make_interval(secs => $4::float8), 'infinity')
  from durable
 where {alive}
    on conflict (key) do update
   set version = excluded.version, payload = excluded.payload, keep_for = excluded.keep_for,
       written_at = excluded.written_at, expires_at = excluded.expires_at
 where r.expires_at <= clock_timestamp() or r.version = excluded.version
returning true
"""

_REPLACE: Final = """{durable}
update {table} as r
   set version = $2, payload = $3, keep_for = $4::float8, written_at = clock_timestamp(),
       expires_at = coalesce(clock_timestamp() + make_interval(secs => $4::float8), 'infinity')
  from durable
 where r.key = $1 and r.version in ($8::text, $2) and r.expires_at > clock_timestamp()
   and {alive}
returning true
"""

# starts_with() needs no escaping, and the range uses the index. {some} is the partial index.
_KEYS: Final = """
select key from {table}
 where key > $2 and key >= $1 and starts_with(key, $1) and {some}
 order by key limit $3
"""

_SWEEP: Final = """
delete from {table}
 where ctid = any(array(
       select ctid from {table}
        where expires_at < clock_timestamp() - make_interval(secs => $1::float8)
        order by expires_at limit $2 for update skip locked))
"""

_LIFE: Final = """
select current_setting('transaction_read_only') = 'on' as read_only,
       case when current_setting('transaction_read_only') = 'off' then {fingerprint} end as print,
       m.version as marker, m.payload as accepted,
       (select relpersistence::text from pg_class
         where oid = to_regclass('{table}')) as persistence,
       current_setting('fsync') = 'on' as fsync,
       current_setting('synchronous_standby_names') <> '' as standbys
  from (select) as one
  left join {table} as m on m.key = '{marker_key}' and m.expires_at > clock_timestamp()
"""


def schema(table: str) -> str:
    """Return the statements that create a table of records."""
    return _SCHEMA.format(table=table, name=table.rpartition(".")[2])


@frozen
class Statements:
    """
    The statements of a store.

    Attributes:
        load: $1 key.
        create: $1 key, $2 version, $3 payload, $4 seconds or null; $5 marker or null, $6 what it
            was accepted as, $7 fingerprint.
        replace: As `create`, and $8 the expected version.
        keys: $1 prefix, $2 the last key of the page before, $3 how many.
        endless: As `keys`, of entries that are kept for ever.
        sweep: $1 seconds since their end, $2 how many.
        life: One row.
    """

    load: str
    create: str
    replace: str
    keys: str
    endless: str
    sweep: str
    life: str

    @classmethod
    def on(cls, table: str, *, marker_key: str, synchronous: bool, readable: bool) -> "Statements":
        """
        Return the statements for a table, whose name must be plain.

        Args:
            table: The table.
            marker_key: Key of the marker.
            synchronous: The life has no timeline.
            readable: The functions that name cluster and timeline may be called.
        """
        kind = _SYNCHRONOUS if synchronous else _TIMELINE
        place = _PLACE.format(table=table)
        head = f"{_CLUSTER} || {kind}" if readable else "'postgresql'"
        names = {
            "table": table,
            "marker_key": marker_key,
            "fingerprint": f"({head} || {place})",
            "durable": _DURABLE,
        }
        alive = _ALIVE.format(marker="$5", accepted="$6::text", print="$7", **names)
        return cls(
            load=_LOAD.format(**names),
            create=_CREATE.format(alive=alive, **names),
            replace=_REPLACE.format(alive=alive, **names),
            keys=_KEYS.format(some="expires_at > clock_timestamp()", **names),
            endless=_KEYS.format(some="expires_at = 'infinity'", **names),
            sweep=_SWEEP.format(**names),
            life=_LIFE.format(**names),
        )
