-- Offers signed deliveries with wrk (https://github.com/wg/wrk), for whoever trusts no generator of ours:
--
--     wrk -t2 -c64 -d10s --latency -s router/receive/load/zendesk.lua http://127.0.0.1:8088/hooks/zendesk -- SECRET 1024
--
-- SECRET is the connection's webhook_secret, 1024 the size of a body. webhooks.rate has to be more than is offered, or the rest
-- is answered 429, which wrk counts as non-2xx. Every body is another one: repetitions would not be stored. What is different
-- stands at the end of the body, so that the hash of what comes before it is made once a second.

local bit, ffi = require("bit"), require("ffi")
local band, bxor, bnot, ror, rshift, tobit = bit.band, bit.bxor, bit.bnot, bit.ror, bit.rshift, bit.tobit

local K = ffi.new("int32_t[64]")
local start = ffi.new("int32_t[8]")
do -- the first 32 bits of the fractions of the cube and square roots of the first primes, FIPS 180-4
  local n, prime = 0, 2
  while n < 64 do
    local is = true
    for d = 2, math.floor(math.sqrt(prime)) do
      if prime % d == 0 then is = false break end
    end
    if is then
      local cube, square = prime ^ (1 / 3), math.sqrt(prime)
      K[n] = tobit(math.floor((cube % 1) * 2 ^ 32))
      if n < 8 then start[n] = tobit(math.floor((square % 1) * 2 ^ 32)) end
      n = n + 1
    end
    prime = prime + 1
  end
end

local W = ffi.new("int32_t[64]")

-- compress takes 64 bytes of text, from an offset, into a state.
local function compress(H, text, at)
  for i = 0, 15 do
    local a, b, c, d = text:byte(at + 4 * i + 1, at + 4 * i + 4)
    W[i] = tobit(a * 2 ^ 24 + b * 2 ^ 16 + c * 2 ^ 8 + d)
  end
  for i = 16, 63 do
    local x, y = W[i - 15], W[i - 2]
    W[i] = tobit(W[i - 16] + bxor(ror(x, 7), ror(x, 18), rshift(x, 3)) + W[i - 7] + bxor(ror(y, 17), ror(y, 19), rshift(y, 10)))
  end
  local a, b, c, d, e, f, g, h = H[0], H[1], H[2], H[3], H[4], H[5], H[6], H[7]
  for i = 0, 63 do
    local t1 = h + bxor(ror(e, 6), ror(e, 11), ror(e, 25)) + bxor(band(e, f), band(bnot(e), g)) + K[i] + W[i]
    local t2 = bxor(ror(a, 2), ror(a, 13), ror(a, 22)) + bxor(band(a, b), band(a, c), band(b, c))
    h, g, f, e, d, c, b, a = g, f, e, tobit(d + t1), c, b, a, tobit(t1 + t2)
  end
  H[0], H[1], H[2], H[3] = tobit(H[0] + a), tobit(H[1] + b), tobit(H[2] + c), tobit(H[3] + d)
  H[4], H[5], H[6], H[7] = tobit(H[4] + e), tobit(H[5] + f), tobit(H[6] + g), tobit(H[7] + h)
end

local function copyOf(H)
  local out = ffi.new("int32_t[8]")
  ffi.copy(out, H, 32)
  return out
end

-- absorb takes the whole blocks of a text and returns the rest.
local function absorb(H, text)
  local whole = #text - #text % 64
  for at = 0, whole - 64, 64 do compress(H, text, at) end
  return text:sub(whole + 1)
end

local function word(n)
  return string.char(band(rshift(n, 24), 255), band(rshift(n, 16), 255), band(rshift(n, 8), 255), band(n, 255))
end

-- finish ends a hash of so many bytes, of which rest was not absorbed.
local function finish(H, rest, length)
  local pad = string.char(128) .. string.rep("\0", (55 - #rest) % 64)
  absorb(H, rest .. pad .. word(math.floor(length / 2 ^ 29)) .. word(tobit(length * 8)))
  local out = {}
  for i = 0, 7 do out[i + 1] = word(H[i]) end
  return table.concat(out)
end

local function sha256(text)
  local H = copyOf(start)
  return finish(H, absorb(H, text), #text)
end

local digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function base64(text)
  local out = {}
  for i = 1, #text, 3 do
    local a, b, c = text:byte(i, i + 2)
    local n = a * 65536 + (b or 0) * 256 + (c or 0)
    for k = 3, 0, -1 do
      local d = math.floor(n / 64 ^ k) % 64 + 1
      out[#out + 1] = digits:sub(d, d)
    end
    if not c then out[#out] = "=" end
    if not b then out[#out - 1] = "=" end
  end
  return table.concat(out)
end

-- mask is the secret's block of HMAC, RFC 2104.
local function mask(secret, with)
  if #secret > 64 then secret = sha256(secret) end
  secret = secret .. string.rep("\0", 64 - #secret)
  return (secret:gsub(".", function(c) return string.char(bxor(c:byte(), with)) end))
end

local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("place", threads)
end

local inner, outer, head, count, second, stamp, before, rest = nil, nil, nil, 0, 0, "", nil, ""

function init(args)
  local secret, size = args[1], tonumber(args[2] or 1024)
  assert(secret, "name the secret: wrk ... URL -- SECRET SIZE")
  inner, outer = copyOf(start), copyOf(start)
  absorb(inner, mask(secret, 0x36))
  absorb(outer, mask(secret, 0x5c))
  head = '{"note":"' .. string.rep("x", size) .. '","ticket_id":"'
end

function request()
  local now = os.time()
  if now ~= second then
    second, stamp, before = now, os.date("!%Y-%m-%dT%H:%M:%SZ", now), copyOf(inner)
    rest = absorb(before, stamp .. head)
  end
  count = count + 1
  local tail = string.format('%d%09d"}', place, count)
  local hash = copyOf(before)
  local sum = finish(hash, absorb(hash, rest .. tail), 64 + #stamp + #head + #tail)
  hash = copyOf(outer)
  sum = finish(hash, absorb(hash, sum), 96)
  return wrk.format("POST", nil, {
    ["Content-Type"] = "application/json",
    ["X-Zendesk-Webhook-Signature-Timestamp"] = stamp,
    ["X-Zendesk-Webhook-Signature"] = base64(sum),
  }, head .. tail)
end
