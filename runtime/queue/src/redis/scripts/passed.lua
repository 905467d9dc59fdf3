#!lua flags=allow-oom
-- Passed: the last record that pushes of a lane have passed.
--
-- KEYS  core
-- ARGV  lane's name
-- Gives its offset and hash, 14 bytes; '' when none is known
-- Cost  O(1)
begin()
local lane = call('HGET', P .. 'n', ARGV[1])
return lane and call('HGET', P .. 'n:' .. lane, 'passed') or ''
