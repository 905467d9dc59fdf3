#!lua flags=allow-oom
-- Cancel: ends a job that is not done, wherever it is; a claim on it is lost.
--
-- KEYS  core
-- ARGV  key
-- Gives 1 when there was one, else 0
-- Cost  O(log in flight + log scheduled)
begin()
local found = cancel(ARGV[1])
wake(finish())
return found and 1 or 0
