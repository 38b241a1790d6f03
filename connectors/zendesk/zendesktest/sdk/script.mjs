// Drives the simulator at BASE with node-zendesk and exits 1 at the first answer that the SDK does not understand as it
// should. The Go test that runs it has seeded 250 people, gives the credentials of all kinds and delivers what happens.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import zendesk from 'node-zendesk'

const { BASE, API_USER, API_TOKEN, CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN } = process.env
const { createClient } = zendesk
const endpointUri = `${BASE}/api/v2`
const quiet = { logger: { info() {}, error() {}, warn() {}, debug() {} } }

// Sign-in: an API token, an OAuth token that was refreshed, a wrong one, none.
const client = createClient({ username: API_USER, token: API_TOKEN, endpointUri, throwOriginalException: true })
assert.equal((await client.users.me()).result.role, 'admin', 'an API token signs in as an admin')
const tokens = await (await fetch(`${BASE}/oauth/tokens`, {
  method: 'POST', headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ grant_type: 'refresh_token', refresh_token: REFRESH_TOKEN, client_id: CLIENT_ID, client_secret: CLIENT_SECRET }),
})).json()
assert.equal(tokens.token_type, 'bearer')
const bearer = createClient({ token: tokens.access_token, oauth: true, endpointUri })
assert.equal((await bearer.users.me()).result.role, 'admin', 'an OAuth token signs in')
const wrong = createClient({ username: API_USER, token: 'wrong', endpointUri, ...quiet })
await assert.rejects(wrong.organizations.list(), (e) => e.statusCode === 401)
assert.equal((await wrong.users.me()).result.name, 'Anonymous user')

// Users: list, show, create, update, upsert, search, delete.
const users = await client.users.list()
assert.equal(new Set(users.map((u) => u.id)).size, 256, 'the list pages through all users, each once')
const made = (await client.users.create({ user: { name: 'Grace', email: 'grace@sdk.example', external_id: 'g-1', tags: ['vip'] } })).result
assert.equal(made.role, 'end-user')
assert.equal((await client.users.show(made.id)).result.email, 'grace@sdk.example')
const changed = (await client.users.update(made.id, { user: { name: 'Grace H.', phone: '+15550100' } })).result
assert.equal(changed.phone, '+15550100')
assert.equal((await client.users.createOrUpdate({ user: { external_id: 'g-1', name: 'Grace Hopper' } })).result.id, made.id)
assert.deepEqual((await client.users.search({ query: 'grace@sdk.example' })).map((u) => u.id), [made.id])
assert.equal((await client.users.showMany([made.id, users[0].id])).result.length, 2)
await assert.rejects(client.users.create({ user: { name: 'Twin', email: 'grace@sdk.example' } }), (e) => e.statusCode === 422 && /already being used/.test(e.result.details.email[0].description))
await assert.rejects(client.users.show(1), (e) => e.statusCode === 404)
const identities = await client.useridentities.list(made.id)
assert.deepEqual(identities.map((i) => [i.type, i.primary]), [['email', true]])
const twin = (await client.users.create({ user: { name: 'Twin', email: 'twin@sdk.example' } })).result
await client.users.merge(twin.id, made.id)
assert.equal((await client.users.show(twin.id)).result.active, false, 'who is merged away is inactive')
assert.equal((await client.useridentities.list(made.id)).length, 2)

// Organizations, with a job.
const org = (await client.organizations.create({ organization: { name: 'SDK', external_id: 'o-1', domain_names: ['sdk.example'] } })).result
assert.equal((await client.organizations.search('o-1'))[0].id, org.id)
assert.equal((await client.organizations.update(org.id, { organization: { notes: 'x' } })).result.notes, 'x')
await client.organizationmemberships.create({ user_id: made.id, organization_id: org.id })
assert.equal((await client.users.show(made.id)).result.organization_id, org.id)
const job = (await client.organizations.createMany({ organizations: [{ name: 'One' }, { name: 'Two' }, { name: 'SDK' }] })).result.job_status
const done = await client.jobstatuses.watch(job.id, 20, 5)
assert.equal(done.status, 'completed')
assert.deepEqual(done.results.map((r) => r.status), ['Created', 'Created', 'Failed'], 'a completed job has a failed item')
await client.organizations.delete(done.results[0].id)
await assert.rejects(client.organizations.show(done.results[0].id), (e) => e.statusCode === 404)

// Tickets: create with a requester, update, comments, audits, metrics, delete.
const ticket = (await client.tickets.create({ ticket: { subject: 'Help', comment: { body: 'It is broken.' }, requester: { name: 'Alan', email: 'alan@sdk.example' } } })).result
assert.equal(ticket.status, 'new')
await client.tickets.update(ticket.id, { ticket: { status: 'open', priority: 'high', comment: { body: 'Looking.', public: false } } })
assert.equal((await client.tickets.show(ticket.id)).result.priority, 'high')
assert.deepEqual((await client.tickets.getComments(ticket.id)).map((c) => c.body), ['It is broken.', 'Looking.'])
assert.equal((await client.tickets.exportAudit(ticket.id)).length, 2)
assert.equal((await client.tickets.listByUserRequested(ticket.requester_id)).length, 1)
assert.ok((await client.tickets.listMetrics(ticket.id)).result.ticket_metric.created_at)
await assert.rejects(client.tickets.create({ ticket: { subject: 'Empty' } }), (e) => e.statusCode === 422)
await client.tickets.delete(ticket.id)
await assert.rejects(client.tickets.show(ticket.id), (e) => e.statusCode === 404)

// Lists of the account.
assert.ok((await client.ticketfields.list()).some((f) => f.type === 'subject'))
assert.equal((await client.groups.list())[0].name, 'Support')
assert.equal((await client.userfields.create({ user_field: { key: 'tier', title: 'Tier', type: 'text' } })).result.key, 'tier')
assert.equal((await client.users.update(made.id, { user: { user_fields: { tier: 'gold' } } })).result.user_fields.tier, 'gold')
assert.equal((await client.search.query('type:user grace hopper')).result.length, 1)

// Webhooks: what is made is shown, signed as Zendesk's page says, and what became of each delivery is listed.
const told = []
let answer = 200
const receiver = createServer(async (req, res) => {
  told.push({ headers: req.headers, body: Buffer.concat(await req.toArray()).toString() })
  res.statusCode = answer
  res.end()
}).listen(0, '127.0.0.1')
await once(receiver, 'listening')
const webhook = { name: 'w', status: 'active', endpoint: `http://127.0.0.1:${receiver.address().port}/`, http_method: 'POST', request_format: 'json', subscriptions: ['zen:event-type:organization.created'] }
const hook = (await client.webhooks.create({ webhook })).result
assert.equal(hook.status, 'active')
await client.webhooks.update(hook.id, { webhook: { ...webhook, name: 'renamed' } })
await client.webhooks.patch(hook.id, { webhook: { subscriptions: ['zen:event-type:user.created'] } })
const shown = (await client.webhooks.show(hook.id)).result
assert.deepEqual([shown.name, shown.endpoint, shown.subscriptions], ['renamed', webhook.endpoint, ['zen:event-type:user.created']])
assert.deepEqual((await client.webhooks.list()).map((w) => w.id), [hook.id])
const { signing_secret: old } = (await client.webhooks.getSigningSecret(hook.id)).result
const { signing_secret: secret } = (await client.webhooks.resetSigningSecret(hook.id)).result
assert.ok(secret.algorithm === 'SHA256' && old.secret !== secret.secret)
const outcomes = async () => (await client.webhooks.listInvocations(hook.id)).result.invocations
for (const [status, want] of [[403, 'terminated'], [200, 'success']]) {
  answer = status
  const before = told.length
  await client.users.create({ user: { name: `Told ${status}` } })
  for (let i = 0; i < 200 && (told.length === before || (await outcomes()).length === before); i += 1) await new Promise((done) => setTimeout(done, 20))
  const [newest] = await outcomes()
  assert.deepEqual([newest.status, newest.status_code, newest.id], [want, status, told.at(-1).headers['x-zendesk-webhook-invocation-id']])
}
const [{ headers, body }] = told
assert.equal(JSON.parse(body).type, 'zen:event-type:user.created')
assert.equal(headers['x-zendesk-webhook-signature'], createHmac('sha256', secret.secret).update(headers['x-zendesk-webhook-signature-timestamp'] + body).digest('base64'))
await client.webhooks.delete(hook.id)
await assert.rejects(client.webhooks.show(hook.id), (e) => e.statusCode === 404)
receiver.close()

// Incremental exports. What this script changed is younger than a minute and not there yet.
const exported = await client.users.incremental(0)
assert.equal(exported.length, 256)
assert.ok(!exported.some((u) => u.id === made.id), 'the last minute is withheld')
const page = (await client.ticketexport.exportCursor(0, '')).result
assert.equal(page.tickets.length, 50)
assert.ok(page.end_of_stream && page.after_cursor, 'a cursor at the end')
assert.equal((await client.ticketexport.exportCursor(0, page.after_cursor)).result.tickets.length, 0)
assert.ok((await client.organizations.incremental(0)).every((o) => o.deleted_at === null))
await assert.rejects(client.users.incremental(Math.floor(Date.now() / 1000)), (e) => e.statusCode === 422)

console.log('the SDK understood every answer')
