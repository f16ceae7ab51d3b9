"""
One script per verb, and the text of a record.

A record is a line of JSON and the payload as it is: `["flexiti2", version, keep_for, written]`,
with the server's own TIME as `written`. Releases before wrote `["flexiti1", version, keep_for]`;
the age of such a record follows from its time to live.

The scripts work with few rights: without `+time` records have no time of writing, and what only a
journal needs (`+info`, `+sadd`, `+srem`) is used for nothing else.
"""

import json
import math
from typing import Final

from attrs import frozen

from flexiti_async.store.interface import Entry

__all__ = ["LIFE", "LOAD", "SHORTEST", "SWAP", "Record", "head_of", "milliseconds", "parse_record"]

SHORTEST: Final = 1.0
"""Seconds for which an entry is kept at least, however short its own time."""

_HEADER: Final = """
local function header(text)
    local line = text and string.find(text, '\\n', 1, true)
    local ok, fields = pcall(cjson.decode, line and string.sub(text, 1, line - 1) or '')
    if line and ok and type(fields) == 'table' and string.find(tostring(fields[1]), '^flexiti[12]$')
    then return fields, string.sub(text, line + 1) end
end
"""

# A write that changes nothing fails on a replica: with NX if the key is there, with XX if not.
_PRIMARY: Final = """
local function on_primary(key, text)
    local probe = redis.pcall('set', key, '', text and 'NX' or 'XX')
    local refused = type(probe) == 'table' and probe.err or ''
    return not string.find(refused, 'READONLY', 1, true)
end
"""

# A demoted primary keeps its run id, a promoted replica remembers the replication id that it had,
# and an eviction changes neither. With AOF always a restart loses nothing, so its ids do not count.
_FINGERPRINT: Final = """
local function fingerprint(durable)
    local replication = redis.call('info', 'replication')
    local evicted = string.match(redis.call('info', 'stats'), 'evicted_keys:(%d+)')
    if durable == '1' then
        local before = string.match(replication, 'master_replid2:(%w+)')
        return 'redis aof-always promoted-from=' .. before .. ' evicted=' .. evicted
    end
    local run = string.match(redis.call('info', 'server'), 'run_id:(%w+)')
    local id = string.match(replication, 'master_replid:(%w+)')
    return 'redis run=' .. run .. ' replication=' .. id .. ' evicted=' .. evicted
end
"""

LOAD: Final = (
    _PRIMARY
    + """
local text = redis.call('get', KEYS[1])
if not on_primary(KEYS[1], text) then return redis.error_reply('READONLY replica') end
local time = redis.pcall('time')
local now = time.err and '' or time[1] .. '.' .. string.format('%06d', time[2])
return {text, redis.call('pttl', KEYS[1]), now}
"""
)
"""KEYS: record. Returns text, time to live in ms, the server's time in seconds or nothing."""

SWAP: Final = (
    _HEADER
    + _FINGERPRINT
    + """
local version, expected, head, payload, ttl = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
if ARGV[6] ~= '' then
    local marker, accepted = header(redis.call('get', KEYS[3]))
    if not marker or marker[2] ~= ARGV[6] or accepted ~= ARGV[7] then return 0 end
    if fingerprint(ARGV[9]) ~= ARGV[8] then return 0 end
end
local text = redis.call('get', KEYS[1])
local stored = header(text)
if text and not stored then return 0 end
local carries = stored and stored[2] or ''
if carries ~= expected and carries ~= version then return 0 end
local time = redis.pcall('time')
local now = time.err and 'null' or time[1] .. '.' .. string.format('%06d', time[2])
local record = head .. now .. ']\\n' .. payload
if ttl == '' then
    if KEYS[2] then redis.call('sadd', KEYS[2], KEYS[1]) end
    redis.call('set', KEYS[1], record)
else
    local was_endless = KEYS[2] and stored and stored[3] == cjson.null
    -- First without effect: it fails before anything is written if the right is missing.
    if was_endless then redis.call('srem', KEYS[2], '') end
    redis.call('set', KEYS[1], record, 'PX', ttl)
    if was_endless then redis.call('srem', KEYS[2], KEYS[1]) end
end
return 1
"""
)
"""
KEYS: record; on one slot also the set of endless records, and the marker.
ARGV: version, expected version or nothing, head of
the text, payload, time to live in ms or nothing; of the life marker, acceptance and fingerprint, or
nothing; 1 for AOF always.
"""

# Redis 7 and Valkey say what a user may do. Before, only the attempt shows it, and leaves nothing.
_RIGHTS: Final = """
local function lacks_right(set)
    if redis.acl_check_cmd then
        return not (redis.acl_check_cmd('sadd', set, '') and redis.acl_check_cmd('srem', set, '')
            and redis.acl_check_cmd('sscan', set, '0') and redis.acl_check_cmd('scan', '0'))
    end
    local commands = {{'sadd', set, ''}, {'srem', set, ''}, {'sscan', set, '0'}, {'scan', '0'}}
    for _, command in ipairs(commands) do
        local reply = redis.pcall(unpack(command))
        local refused = type(reply) == 'table' and reply.err or ''
        if string.find(refused, 'The user executing the script', 1, true) then return true end
    end
end
"""

LIFE: Final = (
    _HEADER
    + _PRIMARY
    + _FINGERPRINT
    + _RIGHTS
    + """
local allowed = redis.pcall('info', 'server')
if type(allowed) == 'table' and allowed.err then return redis.error_reply('NOPERM info') end
local text = redis.call('get', KEYS[1])
if not on_primary(KEYS[1], text) then return redis.error_reply('READONLY replica') end
if lacks_right(KEYS[2]) then return redis.error_reply('NOPERM a command on sets') end
local marker, accepted = header(text)
local memory = redis.call('info', 'memory')
return {
    fingerprint(ARGV[1]), marker and marker[2] or '', accepted or '',
    string.match(memory, 'maxmemory:(%d+)') or '0',
    string.match(memory, 'maxmemory_policy:([%w-]+)') or ''
}
"""
)
"""KEYS: marker, set of endless records. ARGV: 1 for AOF always."""


@frozen
class Record:
    """
    The content of a stored text.

    Attributes:
        entry: The entry, without an age.
        written: When it was written, by the server's clock; None if the text does not say so.
    """

    entry: Entry
    written: float | None

    def age(self, *, now: float | None, left: float | None) -> float | None:
        """
        Return the seconds since the write; None if unknown, or if it is dated in the future.

        Args:
            now: The server's time.
            left: Seconds of its time to live.
        """
        keep_for = self.entry.keep_for
        if self.written is not None and now is not None:
            age = now - self.written
        elif keep_for is not None and left is not None:
            age = milliseconds(keep_for) / 1000 - left
        else:
            return None
        return age if age >= 0 else None


def parse_record(text: str) -> Record | None:
    """Read a stored text; None if this library did not write it."""
    line, newline, payload = text.partition("\n")
    try:
        fields: object = json.loads(line)
    except ValueError:
        return None
    if not newline:
        return None
    match fields:
        case ["flexiti1", str(version), float(keep_for)]:
            return Record(Entry(version, payload, keep_for), None)
        case ["flexiti2", str(version), float() | None as keep_for, float() | None as written]:
            return Record(Entry(version, payload, keep_for), written)
        case _:
            return None


def head_of(entry: Entry) -> str:
    """Return the beginning of an entry's text, up to the time, which the server adds."""
    keep_for = None if entry.keep_for is None else float(entry.keep_for)
    return json.dumps(["flexiti2", entry.version, keep_for])[:-1] + ", "


def milliseconds(keep_for: float) -> int:
    """Return the time to live of an entry that ends, rounded up."""
    return math.ceil(max(keep_for, SHORTEST) * 1000)
