// Drives the simulator at BASE with the vendor's SDK and exits 1 at the first answer that the SDK does not understand
// as it should. The Go test that runs it has seeded 250 contacts and gives the app's credentials.
import assert from 'node:assert/strict'
import { Client } from '@hubspot/api-client'

const { BASE, CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, APP_ID, DEVELOPER_KEY } = process.env
const tokens = await new Client({ basePath: BASE }).oauth.tokensApi
  .create('refresh_token', undefined, undefined, CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN)
assert.ok(tokens.accessToken, 'OAuth refresh gives an access token')
assert.equal(tokens.tokenType, 'bearer')

const client = new Client({ basePath: BASE, accessToken: tokens.accessToken, numberOfApiCallRetries: 0 })
const contacts = client.crm.contacts

// List paging.
const all = await contacts.getAll(100, undefined, ['email', 'firstname'])
assert.equal(all.length, 250, 'list pages through all contacts')
assert.equal(new Set(all.map((c) => c.id)).size, 250, 'each once')
assert.ok(all[0].createdAt instanceof Date, 'times are dates')

// Get, by id and by a unique property, with associations.
const first = await contacts.basicApi.getById(all[0].id, ['email'], undefined, ['companies'])
assert.equal(first.properties.email, all[0].properties.email)
const same = await contacts.basicApi.getById(first.properties.email, ['email'], undefined, undefined, false, 'email')
assert.equal(same.id, first.id)
await assert.rejects(contacts.basicApi.getById('1'), (e) => e.code === 404 && e.body.category === 'OBJECT_NOT_FOUND')

// Search, in pages, in the order of modification.
let after
let found = []
do {
  const page = await contacts.searchApi.doSearch({
    filterGroups: [{ filters: [{ propertyName: 'lastmodifieddate', operator: 'GTE', value: '1' }] }],
    sorts: ['lastmodifieddate'], properties: ['email', 'lastmodifieddate'], limit: 100, after,
  })
  assert.equal(page.total, 250)
  found = found.concat(page.results)
  after = page.paging?.next?.after
} while (after)
assert.equal(found.length, 250)
const times = found.map((c) => c.properties.lastmodifieddate)
assert.deepEqual(times, [...times].sort((a, b) => Date.parse(a) - Date.parse(b)), 'in order')

// Batches.
const read = await contacts.batchApi.read({ inputs: all.slice(0, 3).map(({ id }) => ({ id })), properties: ['email'], propertiesWithHistory: [] })
assert.equal(read.status, 'COMPLETE')
assert.equal(read.results.length, 3)
const upserted = await contacts.batchApi.upsert({
  inputs: [
    { idProperty: 'email', id: first.properties.email, properties: { city: 'Köln' } },
    { idProperty: 'email', id: 'new@sdk.example', properties: { firstname: 'New' } },
  ],
})
assert.deepEqual(upserted.results.map((r) => r._new), [false, true], 'one updated, one new')
const created = upserted.results[1]
await assert.rejects(contacts.basicApi.create({ properties: { email: 'new@sdk.example' }, associations: [] }),
  (e) => e.code === 409 && e.body.message.endsWith(`Existing ID: ${created.id}`))

// Associations.
const company = await client.crm.companies.basicApi.create({ properties: { name: 'SDK' }, associations: [] })
await client.crm.associations.v4.basicApi.create('contacts', created.id, 'companies', company.id,
  [{ associationCategory: 'HUBSPOT_DEFINED', associationTypeId: 1 }])
const links = await client.crm.associations.v4.batchApi.getPage('contacts', 'companies', { inputs: [{ id: created.id }] })
assert.equal(String(links.results[0].to[0].toObjectId), company.id)
assert.deepEqual(links.results[0].to[0].associationTypes.map((t) => t.typeId), [1, 279])
const shown = await contacts.basicApi.getById(created.id, undefined, undefined, ['companies'])
assert.equal(shown.associations.companies.results[0].id, company.id)

// Merge, archive, owners, pipelines, properties.
const merged = await contacts.basicApi.merge({ primaryObjectId: all[1].id, objectIdToMerge: all[2].id })
assert.ok(![all[1].id, all[2].id].includes(merged.id), 'a merge makes a new id')
assert.equal((await contacts.basicApi.getById(all[2].id)).id, merged.id)
await contacts.basicApi.archive(created.id)
await assert.rejects(contacts.basicApi.getById(created.id), (e) => e.code === 404)
assert.equal((await client.crm.owners.ownersApi.getPage()).results.length, 5)
const [pipeline] = (await client.crm.pipelines.pipelinesApi.getAll('deals')).results
assert.ok(pipeline.stages.some((s) => s.metadata.isClosed === 'true'))
assert.ok((await client.crm.properties.coreApi.getAll('contacts')).results.some((p) => p.name === 'email' && p.hasUniqueValue))

// The app's webhooks, which are its owner's business: the key is no account's token.
const app = Number(APP_ID)
const { settingsApi, subscriptionsApi } = new Client({ basePath: BASE, developerApiKey: DEVELOPER_KEY, numberOfApiCallRetries: 0 }).webhooks
const refused = (code) => (e) => e.code === code && typeof e.body.message === 'string' && e.body.correlationId !== undefined
await assert.rejects(settingsApi.getAll(app), refused(404), 'an app has no settings at first')
await assert.rejects(new Client({ basePath: BASE, developerApiKey: 'other' }).webhooks.settingsApi.getAll(app), refused(401))
const target = { targetUrl: 'https://hooks.example.com/hs', throttling: { maxConcurrentRequests: 10 } }
const set = await settingsApi.configure(app, target)
assert.equal(set.targetUrl, target.targetUrl)
assert.ok(set.createdAt instanceof Date)
assert.equal((await settingsApi.getAll(app)).throttling.maxConcurrentRequests, 10)
await assert.rejects(settingsApi.configure(app, { ...target, targetUrl: 'http://hooks.example.com/hs' }), refused(400), 'only HTTPS')
const made = await subscriptionsApi.create(app, { eventType: 'contact.propertyChange', propertyName: 'email', active: false })
const other = await subscriptionsApi.create(app, { eventType: 'deal.creation', active: true })
assert.deepEqual([made.active, other.active, made.propertyName, typeof made.id], [false, true, 'email', 'string'])
await assert.rejects(subscriptionsApi.create(app, { eventType: 'contact.propertyChange', propertyName: 'hs_lastmodifieddate', active: true }), refused(400))
assert.equal((await subscriptionsApi.update(Number(made.id), app, { active: true })).active, true)
assert.equal((await subscriptionsApi.getById(Number(made.id), app)).active, true)
const batch = await subscriptionsApi.updateBatch(app, { inputs: [{ id: Number(made.id), active: false }, { id: Number(other.id), active: false }] })
assert.equal(batch.status, 'COMPLETE')
const listed = (await subscriptionsApi.getAll(app)).results
assert.deepEqual(listed.map((s) => [s.eventType, s.active]), [['contact.propertyChange', false], ['deal.creation', false]])
await subscriptionsApi.archive(Number(other.id), app)
await assert.rejects(subscriptionsApi.getById(Number(other.id), app), refused(404))
await settingsApi.clear(app)
assert.equal((await subscriptionsApi.getAll(app)).results.length, 1, 'subscriptions outlive the settings')

console.log('the SDK understood every answer')
