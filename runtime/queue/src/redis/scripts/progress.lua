#!lua flags=allow-oom
-- Progress: moves a lane's floor up to its oldest unsettled offset, and tells what is settled above it.
--
-- KEYS  core
-- ARGV  lane's name
-- Gives {} of an unknown lane; or {floor, wanted, then two for each piece of the bitmap from the floor on: its number, its
--       bytes}
-- Cost  O(bytes of the bits between the floor and what is wanted)
begin()
local lane = call('HGET', P .. 'n', ARGV[1])
if not lane then return {} end
local l = call('HMGET', P .. 'n:' .. lane, 'want', 'floor', 'top', 'untracked')
local wanted, at, top = tonumber(l[1]), tonumber(l[2]), tonumber(l[3] or 0)
if l[4] then return { fmt('%d', wanted), fmt('%d', wanted) } end
local before = at
while at < wanted do
  local block = floor(at / BLOCK)
  local key = block_key(lane, block)
  -- All below the floor is settled, so the first unsettled bit of its block is the floor.
  local gap = call('BITPOS', key, 0)
  if gap == -1 then gap = BLOCK end
  at = max(at, block * BLOCK + gap)
  if at < (block + 1) * BLOCK then break end
  call('DEL', key)
end
at = min(at, wanted)
if at % BLOCK > 0 and floor(at / BLOCK) > floor(before / BLOCK) then
  -- `wanted` stands in a block that has not been begun.
  mark_range(lane, floor(at / BLOCK) * BLOCK, at)
end
if at > before then call('HSET', P .. 'n:' .. lane, 'floor', fmt('%d', at)) end
local answer = { fmt('%d', at), fmt('%d', wanted) }
for block = floor(at / BLOCK), floor(max(wanted, top) / BLOCK) do
  local bits = call('GET', block_key(lane, block))
  if bits then answer[#answer + 1], answer[#answer + 2] = fmt('%d', block), bits end
end
return answer
