#!lua flags=allow-oom
-- Memory: measures it, and tells whether pushes are taken in.
--
-- KEYS  core
-- ARGV  none
-- Gives {bytes used, maxmemory, 1 when pushes are refused}
-- Cost  O(1)
begin()
local used, most = measure()
return { fmt('%d', used), fmt('%d', most), core.full and 1 or 0 }
