// What shops do with Voucherify's JavaScript SDK, as they do it: only the host and the keys are ours.
//
//   node journeys.cjs NAME    with URL, APP_ID, APP_TOKEN (and for the browser's part CLIENT_ID, CLIENT_TOKEN, ORIGIN)
//
// A journey asserts what its shop relies on; the first assertion that fails ends the program with status 1.

const assert = require('node:assert/strict')
const { randomUUID } = require('node:crypto')
const { VoucherifyServerSide, VoucherifyClientSide } = require('@voucherify/sdk')

const { URL: apiUrl, APP_ID, APP_TOKEN, CLIENT_ID, CLIENT_TOKEN, ORIGIN } = process.env
const shop = VoucherifyServerSide({ applicationId: APP_ID, secretKey: APP_TOKEN, apiUrl })
const mark = randomUUID().slice(0, 8)
const discount = { type: 'AMOUNT', amount_off: 1000 }
const order = { amount: 5000, items: [{ product_id: 'tea', quantity: 2, price: 2500 }] }

async function refusal(promise) {
  try {
    await promise
  } catch (error) {
    return error
  }
  return assert.fail('was not refused')
}

async function until(ready) {
  for (let tries = 0; tries < 1200; tries += 1) {
    const answer = await ready()
    if (answer) return answer
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return assert.fail('not within a minute')
}

const journeys = {
  async campaigns() {
    const name = `JS campaign ${mark} / ą`
    const campaign = await shop.campaigns.create({
      name,
      vouchers_count: 3,
      voucher: { type: 'DISCOUNT_VOUCHER', discount, code_config: { pattern: `JS-${mark}-#####` } },
    })
    assert.equal(campaign.campaign_type, 'DISCOUNT_COUPONS')
    assert.equal(campaign.vouchers_count, 3)
    assert.equal((await shop.campaigns.get(name)).id, campaign.id)

    const twin = await refusal(shop.campaigns.create({ name, voucher: { type: 'DISCOUNT_VOUCHER', discount } }))
    assert.equal(twin.code, 409)
    assert.equal(twin.key, 'duplicate_found')

    const one = await shop.campaigns.addVoucher(name, {})
    assert.equal(one.campaign, name)
    const certain = await shop.campaigns.addCertainVoucher(name, `JS-OWN-${mark}`)
    assert.equal(certain.code, `JS-OWN-${mark}`)

    const dated = await shop.campaigns.update(name, { expiration_date: '2040-01-01T00:00:00.000Z' })
    assert.equal(dated.expiration_date, '2040-01-01T00:00:00.000Z')
    assert.equal((await shop.campaigns.update(name, { expiration_date: null })).expiration_date, undefined)

    await shop.campaigns.disable(campaign.id)
    assert.equal((await shop.campaigns.get(campaign.id)).active, false)
    assert.equal((await refusal(shop.redemptions.redeem(one.code, { order }))).key, 'voucher_disabled')
    await shop.campaigns.enable(campaign.id)

    const listed = await shop.campaigns.list({ limit: 1 })
    assert.equal(listed.campaigns[0].id, campaign.id)
    const vouchers = await shop.vouchers.list({
      limit: 100,
      filters: { junction: 'OR', campaign_ids: { conditions: { $in: [campaign.id] } }, code: { conditions: { $is: 'x' } } },
    })
    assert.equal(vouchers.total, 5)
  },

  async vouchers() {
    const code = `JS ${mark}/ä%`
    const voucher = await shop.vouchers.create({ code, discount, metadata: { region: 'north' } })
    assert.equal(voucher.type, 'DISCOUNT_VOUCHER')
    assert.equal((await shop.vouchers.get(code)).id, voucher.id)
    const random = await shop.vouchers.create({ type: 'DISCOUNT_VOUCHER', discount })
    assert.match(random.code, /^\w{8}$/)

    const changed = await shop.vouchers.update({ code, metadata: { till: 4 }, category: 'Summer' })
    assert.deepEqual(changed.metadata, { region: 'north', till: 4 })
    const filters = { 'metadata.till': { conditions: { $is: [4] } }, code: { conditions: { $is: [code] } } }
    assert.equal((await shop.vouchers.list({ filters })).vouchers[0].code, code)

    assert.equal((await shop.vouchers.disable(code)).active, false)
    assert.equal((await shop.vouchers.enable(code)).active, true)
    await shop.vouchers.delete(code)
    const gone = await refusal(shop.vouchers.get(code))
    assert.equal(gone.code, 404)
    assert.equal(gone.key, 'not_found')
    assert.equal(gone.message, 'Resource not found')
    assert.equal(gone.resource_id, code)
  },

  async redemptions() {
    const code = `JS-REDEEM-${mark}`
    await shop.vouchers.create({ code, discount, redemption: { quantity: 1 } })

    const valid = await shop.validations.validateVoucher(code, { order })
    assert.equal(valid.valid, true)
    const success = await shop.redemptions.redeem(code, { order, customer: { source_id: `js-${mark}` }, metadata: { till: '4' } })
    assert.equal(success.result, 'SUCCESS')
    assert.equal(success.voucher.redemption.redeemed_quantity, 1)
    assert.equal(success.order.total_amount, 4000)

    const error = await refusal(shop.redemptions.redeem(code, { order }))
    assert.equal(error.code, 400)
    assert.equal(error.key, 'quantity_exceeded')
    assert.equal(error.resource_type, 'redemption')
    const failed = await shop.redemptions.get(error.resource_id)
    assert.equal(failed.failure_code, 'quantity_exceeded')
    assert.equal((await shop.validations.validateVoucher(code, { order })).reason, 'quantity exceeded')

    const rollback = await shop.redemptions.rollback(success.id, 'Returned')
    assert.equal(rollback.reason, 'Returned')
    assert.equal((await shop.redemptions.get(success.id)).status, 'ROLLED_BACK')
    assert.equal((await refusal(shop.redemptions.rollback(success.id, 'Again'))).key, 'already_rolled_back')

    const stack = await shop.redemptions.redeemStackable({ redeemables: [{ object: 'voucher', id: code }], order })
    assert.equal(stack.redemptions.length, 1)
    assert.equal(stack.order.total_discount_amount, 1000)
    const undone = await shop.redemptions.rollbackStackable(stack.redemptions[0].id, { metadata: { why: 'test' } })
    assert.equal(undone.rollbacks.length, 1)

    const filters = { voucher_code: { conditions: { $in: [code] } }, result: { conditions: { $is_not: ['SUCCESS'] } } }
    const failures = await shop.redemptions.list({ limit: 100, filters })
    assert.deepEqual(failures.redemptions.map((one) => one.result), ['FAILURE', 'FAILURE'])
    assert.equal((await shop.redemptions.getForVoucher(code)).total, 6)
    // The use, its rollback and the refused second rollback.
    assert.equal((await shop.redemptions.list({ customer: `js-${mark}` })).total, 3)
  },

  async people() {
    const source = `js-person-${mark}`
    const person = await shop.customers.create({ source_id: source, name: 'Ewa' })
    assert.equal(person.address, null)
    assert.equal(person.metadata, undefined)
    assert.equal((await shop.customers.create({ source_id: source, email: 'ewa@example.com' })).id, person.id)
    assert.equal((await shop.customers.update({ source_id: source, metadata: { vip: true } })).metadata.vip, true)
    const second = await shop.customers.create({ name: `Second ${mark}` })
    assert.equal((await shop.customers.list({ name: `Second ${mark}` })).total, 1)

    // Scrolling sees everybody, however small the pages.
    const seen = []
    for await (const one of shop.customers.scroll({ limit: 1 })) seen.push(one.id)
    assert.deepEqual(seen.slice(0, 2), [second.id, person.id])
    assert.equal(seen.length, (await shop.customers.list()).total)
    const upwards = []
    for await (const one of shop.customers.scroll({ limit: 1, order: 'created_at' })) upwards.push(one.id)
    assert.deepEqual(upwards, [...seen].reverse())

    const segment = await shop.segments.create({ name: `JS ${mark}`, type: 'static', customers: [person.id] })
    assert.equal((await shop.segments.get(segment.id)).name, `JS ${mark}`)
    assert.deepEqual((await shop.segments.list(source)).data.map((one) => one.id), [segment.id])

    const rule = await shop.validationRules.create({
      name: `JS ${mark}`,
      error: { message: 'For members' },
      rules: { 1: { name: 'customer.segment', conditions: { $is: [segment.id] } }, logic: '1' },
    })
    const code = `JS-MEMBERS-${mark}`
    await shop.vouchers.create({ code, discount })
    const assignment = await shop.validationRules.createAssignment(rule.id, { voucher: code })
    assert.equal((await shop.validationRules.listAssignments(rule.id)).total, 1)
    const error = await refusal(shop.redemptions.redeem(code, { order, customer: { source_id: `other-${mark}` } }))
    assert.equal(error.key, 'customer_rules_violated')
    assert.equal(error.error.message, 'For members')
    assert.equal((await shop.redemptions.redeem(code, { order, customer: { source_id: source } })).result, 'SUCCESS')
    await shop.validationRules.deleteAssignment(rule.id, assignment.id)
    await shop.validationRules.delete(rule.id)
    await shop.segments.delete(segment.id)

    await shop.customers.delete(second.id)
    assert.equal((await refusal(shop.customers.get(second.id))).code, 404)
  },

  async publications() {
    const name = `JS gifts ${mark}`
    await shop.campaigns.create({ name, voucher: { type: 'DISCOUNT_VOUCHER', discount }, vouchers_count: 1 })
    const customer = { source_id: `holder-${mark}` }
    const given = await shop.distributions.publications.create({ campaign: { name }, customer, channel: 'API' })
    assert.equal(given.result, 'SUCCESS')
    assert.equal((await shop.vouchers.get(given.voucher.code)).holder_id, given.customer_id)
    const listed = await shop.distributions.publications.list({ customer: customer.source_id })
    assert.deepEqual(listed.publications.map((one) => one.id), [given.id])
  },

  async orders() {
    const source = `order-${mark}`
    const made = await shop.orders.create({ source_id: source, ...order, customer: { source_id: `buyer-${mark}` } })
    assert.equal(made.status, 'CREATED')
    assert.equal((await shop.orders.get(source)).id, made.id)
    assert.equal((await shop.orders.update({ id: made.id, metadata: { till: 4 } })).metadata.till, 4)
    const code = `JS-ORDER-${mark}`
    await shop.vouchers.create({ code, discount })
    const used = await shop.redemptions.redeemStackable({ redeemables: [{ object: 'voucher', id: code }], order: { id: made.id } })
    assert.equal(used.order.total_amount, 4000)
    assert.equal((await shop.orders.get(source)).status, 'PAID')
    assert.equal((await shop.orders.list({ limit: 1 })).orders[0].id, made.id)
    const stranger = { redeemables: [{ object: 'voucher', id: code }], order: { id: 'ord_none' } }
    assert.equal((await refusal(shop.redemptions.redeemStackable(stranger))).key, 'invalid_order')
  },

  async limits() {
    await shop.vouchers.list({ limit: 1 })
    assert.equal(shop.apiLimitsHandler.areLimitsAvailable(), true)
    assert.ok(shop.apiLimitsHandler.getRateLimit() > shop.apiLimitsHandler.getRateLimitRemaining())
    assert.ok(shop.apiLimitsHandler.getRateLimitRemaining() > 0)
    assert.equal(shop.apiLimitsHandler.getRetryAfter(), 0)
  },

  async pages() {
    const code = `JS-PAGE-${mark}`
    await shop.vouchers.create({ code, discount, redemption: { quantity: 1 } })
    const keys = { clientApplicationId: CLIENT_ID, clientSecretKey: CLIENT_TOKEN, apiUrl }
    const page = VoucherifyClientSide({ ...keys, origin: ORIGIN, trackingId: `page-${mark}` })

    const valid = await page.validate({ code, amount: 5000, items: order.items, metadata: { till: 'web' } })
    assert.equal(valid.valid, true)
    assert.equal(valid.order.total_amount, 4000)
    assert.equal((await page.validate(`${code}-NONE`)).reason, 'voucher not found')
    const used = await page.redeem(code, { order })
    assert.equal(used.result, 'SUCCESS')
    assert.equal(used.customer.source_id, `page-${mark}`)
    const again = await refusal(page.redeemStackable({ redeemables: [{ object: 'voucher', id: code }], order }))
    assert.equal(again.key, 'quantity_exceeded')

    const campaign = `JS-SIGNUP-${mark}`
    await shop.campaigns.create({ name: campaign, vouchers_count: 1, voucher: { type: 'DISCOUNT_VOUCHER', discount } })
    const given = await page.publish(campaign, { customer: { name: 'Ewa' } }, { join_once: true })
    assert.equal(given.result, 'SUCCESS')
    assert.equal(given.channel, 'Voucherify.js')
    assert.equal(given.customer.source_id, `page-${mark}`)
    assert.equal((await page.publish(campaign, {}, { join_once: true })).voucher.code, given.voucher.code)
    assert.equal((await refusal(page.publish(`${campaign}-NONE`))).code, 404)

    const elsewhere = VoucherifyClientSide({ ...keys, origin: 'https://elsewhere.example' })
    assert.equal((await refusal(elsewhere.validate(code))).code, 403)
  },

  async exports() {
    const plain = await shop.distributions.exports.create({ exported_object: 'redemption' })
    assert.equal(plain.status, 'SCHEDULED')
    assert.deepEqual(plain.parameters, {})
    const asked = { order: '-created_at', fields: ['id', 'voucher_code'], filters: { result: { conditions: { $is: ['SUCCESS'] } } } }
    const chosen = await shop.distributions.exports.create({ exported_object: 'redemption', parameters: asked })
    assert.deepEqual(chosen.parameters, asked)
    const done = await until(async () => {
      const one = await shop.distributions.exports.get(chosen.id)
      return one.status === 'DONE' && one
    })
    assert.match(done.result.url, /token=/)
    assert.ok((await shop.distributions.exports.list({ limit: 5 })).exports.some((one) => one.id === chosen.id))
    await shop.distributions.exports.delete(plain.id)
    assert.equal((await refusal(shop.distributions.exports.get(plain.id))).code, 404)
  },
}

journeys[process.argv[2]]().catch((error) => {
  console.error(error)
  process.exitCode = 1
})
