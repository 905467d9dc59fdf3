#!lua flags=allow-oom
-- Reports: what workers tell of themselves, as far as it is still kept.
--
-- KEYS  core, of the first shard
-- ARGV  none
-- Gives the reports
-- Cost  O(workers and their bytes)
begin()
local workers = call('ZRANGEBYSCORE', P .. 'wx', fmt('(%d', now), '+inf', 'LIMIT', 0, PIECE)
if #workers == 0 then return {} end
local reports = call('HMGET', P .. 'wr', unpack(workers))
local answer = {}
for _, report in ipairs(reports) do
  if report then answer[#answer + 1] = report end
end
return answer
