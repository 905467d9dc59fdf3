#!lua flags=allow-oom
-- Cancel: ends a job that is not done, wherever it is; a claim on it is lost.
--
-- KEYS  core
-- ARGV  key
-- Gives 1 when there was one, else 0
-- Cost  O(log in flight + log scheduled)
begin()
return cancel(ARGV[1]) and 1 or 0
