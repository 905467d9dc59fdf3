#!lua flags=allow-oom
-- Record: a job as it was accepted, while that is kept.
--
-- KEYS  core
-- ARGV  key
-- Gives {} when it is unknown or done; {live, record}; {dead, letter}
-- Cost  O(1)
begin()
local key = ARGV[1]
local record = call('HGET', P .. 'j', key)
if record and record ~= '' then return { 'live', record } end
local letter = call('HGET', P .. 'dk', key)
if letter then return { 'dead', call('HGET', P .. 'd', letter) } end
return {}
