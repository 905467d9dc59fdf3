#!lua flags=allow-oom
-- Paid: what was owed is where it belongs; the offsets behind the debts are settled now.
--
-- KEYS  core
-- ARGV  numbers of debts
-- Gives how many were known
-- Cost  O(debts)
begin()
local settled, debts = {}, {}
local function settle(lane, offset)
  if lane == 0 then return end
  settled[lane] = settled[lane] or {}
  settled[lane][#settled[lane] + 1] = offset
end
for _, debt in ipairs(ARGV) do
  local letter = call('HGET', P .. 'od', debt)
  local children = not letter and call('HGET', P .. 'oc', debt)
  if letter or children then
    debts[debt] = { letter = letter, children = children }
    settle(unpack_('>I2I6', letter or children))
  end
end
-- First what is settled: of a file whose end was torn off in between the debts come back, and are paid twice, which does no
-- harm; without them an offset that is not settled would hold the floor for ever.
mark_settled(settled)
local paid = 0
for debt, owed in pairs(debts) do
  if owed.letter then
    no_debt(debt, string.sub(owed.letter, 9))
  else
    local _, _, no = unpack_(CHILDREN, owed.children)
    call('ZREM', P .. 'o', debt)
    call('HDEL', P .. 'oc', debt)
    add(no, 'owed', -weight_of(#owed.children))
  end
  paid = paid + 1
end
wake(finish())
return paid
