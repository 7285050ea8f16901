// Starts a browser without a window, and passes lines between the standard streams and page/host.js: a line in is a JSON
// list of commands, a line out the list of their results. Ends with its input.
//
//   node launch.mjs <browser>

import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

// A device that hangs must not hang whoever waits for it.
const SECONDS = 300;

const browser = await chromium.launch({
  executablePath: process.argv[2],
  args: ['--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
});
const page = await browser.newPage();
// WebGPU wants a secure context, which this address is. Nobody listens there: every request is answered here.
await page.route('**/*', async (route) => {
  const name = new URL(route.request().url()).pathname;
  if (name !== '/host.js') return route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>shadergym</title>' });
  const body = await readFile(new URL('page/host.js', import.meta.url));
  return route.fulfill({ contentType: 'text/javascript', body });
});
await page.goto('http://localhost/');

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${SECONDS} s`)), 1000 * SECONDS);
  });
  const work = page.evaluate(async (text) => {
    const { run } = await import('/host.js');
    return JSON.stringify(await run(JSON.parse(text)));
  }, line);
  const answer = await Promise.race([work, late]);
  clearTimeout(timer);
  process.stdout.write(`${answer}\n`);
}
await browser.close();
