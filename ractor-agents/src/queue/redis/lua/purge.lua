advance()
local purged = 0

local function purge(id)
  forget(id, load(id))
  purged = purged + 1
end

for _, suffix in ipairs({':r1', ':r2', ':r3', ':r4', ':r5', ':d'}) do
  -- Of a group the next comes in when the first goes.
  while true do
    local some = call('ZRANGE', K .. suffix, 0, 999)
    if not some[1] then break end
    for _, id in ipairs(some) do purge(id) end
  end
end
while true do
  local some = call('ZRANGE', K .. ':l', 0, 999)
  if not some[1] then break end
  for _, member in ipairs(some) do
    purge(string.sub(member, 12 + struct.unpack('>I2', string.sub(member, 2, 3))))
  end
end
return finish(purged)
