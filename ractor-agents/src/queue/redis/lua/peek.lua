-- ARGV[5..7]: how many to skip, how many to show at most, after how many bytes to stop.
local skip, count, bytes_max = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
advance()
local answer, bytes = {}, 0

local function view(id)
  if skip > 0 then
    skip = skip - 1
  else
    local m = load(id)
    bytes = bytes + m[SIZE]
    answer[#answer + 1] = show(id, m)
  end
  return #answer < count and bytes < bytes_max
end

-- In chunks: what nobody asked for is not looked at.
local function each(suffix, visit)
  local from = 0
  while true do
    local some = call('ZRANGE', K .. suffix, from, from + 99)
    for _, member in ipairs(some) do
      if not visit(member) then return false end
    end
    if #some < 100 then return true end
    from = from + 100
  end
end

local function behind(member)
  local length = struct.unpack('>I2', string.sub(member, 2, 3))
  local group, place = string.sub(member, 1, 3 + length), string.sub(member, 4 + length)
  return call('HGET', K .. ':o', group) == place or view(string.sub(place, 9))
end

local _ = each(':r1', view) and each(':r2', view) and each(':r3', view) and each(':r4', view) and each(':r5', view)
  and each(':l', behind) and each(':d', view) and each(':h', view)
return finish(answer)
