/** `node packages/client/scripts/picture.mjs <url> <email> <password>`: takes the picture of the example page. */
import { chromium } from 'playwright-core'

const [url, email, password] = process.argv.slice(2)
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
})
const page = await browser.newPage({ viewport: { width: 960, height: 720 } })
await page.goto(url)
await page.fill('[name=email]', email)
await page.fill('[name=password]', password)
await page.click('#sign-in button')
await page.waitForSelector('#state[data-status=signed-in]')
for (let count = 0; count < 9; count += 1) {
  await page.click(count % 3 === 2 ? '#restricted' : '#call')
  await page.waitForTimeout(2500)
}
await page.screenshot({ path: 'docs/images/client-example.png' })
await browser.close()
