#!lua flags=allow-oom
-- Drop: after a rollback, takes out a page of the live jobs, and at its end all debts, of a lane whose offsets are
-- settled. Repeated from cursor 0 until the cursor is 0 again.
--
-- KEYS  core
-- ARGV  lane · cursor
-- Gives {cursor, how many were dropped}
-- Cost  O(page), O(debts) at the end
begin()
local lane, dropped = tonumber(ARGV[1]), 0
local below = tonumber(call('HGET', P .. 'n:' .. lane, 'floor'))
local function is_settled(offset)
  return offset < below or call('GETBIT', block_key(lane, floor(offset / BLOCK)), offset % BLOCK) == 1
end
local page = call('HSCAN', P .. 'j', ARGV[2], 'COUNT', 200)
for at = 1, #page[2], 2 do
  local record = page[2][at + 1]
  if record ~= '' then
    local no, of, _, _, _, _, _, offset = unpack_(HEADER, record)
    if of == lane and is_settled(offset) then
      take_out(page[2][at], no)
      dropped = dropped + 1
    end
  end
end
if page[1] == '0' then
  for _, debt in ipairs(call('ZRANGE', P .. 'o', 0, -1)) do
    local owed = call('HGET', P .. 'od', debt)
    local children = not owed and call('HGET', P .. 'oc', debt)
    local of, offset = unpack_('>I2I6', owed or children)
    if of ~= lane or not is_settled(offset) then
      -- Of another offset: it stays.
    elseif children then
      local _, _, no = unpack_(CHILDREN, children)
      call('ZREM', P .. 'o', debt)
      call('HDEL', P .. 'oc', debt)
      add(no, 'owed', -weight_of(#children))
      dropped = dropped + 1
    else
      no_debt(debt, string.sub(owed, 9))
      dropped = dropped + 1
    end
  end
  call('HSET', P .. 'n:' .. lane, 'drop', '0')
end
finish()
return { page[1], dropped }
