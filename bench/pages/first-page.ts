import { openChromium } from '../../test/browser/chromium.ts';
import { median } from '../statistics.ts';

export interface FirstPage {
  /** On the wire, headers included: the page and all that it loads. */
  bytes: number;
  scriptBytes: number;
  /** Milliseconds from the navigation to the largest contentful paint; the median of five cold loads. */
  paint: number;
}

/** The first page in Chromium, with nothing kept from before. */
export async function firstPage(url: string): Promise<FirstPage> {
  const browser = await openChromium();
  const paints: number[] = [];
  let bytes = 0;
  let scriptBytes = 0;
  for (let i = 0; i < 5; i += 1) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await session.send('Network.enable');
    const types = new Map<string, string>();
    [bytes, scriptBytes] = [0, 0];
    session.on('Network.requestWillBeSent', ({ requestId, type }) => types.set(requestId, type ?? ''));
    session.on('Network.responseReceived', ({ requestId, type }) => types.set(requestId, type));
    session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
      bytes += encodedDataLength;
      if (types.get(requestId) === 'Script') scriptBytes += encodedDataLength;
    });
    await page.goto(url, { waitUntil: 'networkidle' });
    const paint = await page.evaluate(`new Promise(resolve => {
      new PerformanceObserver(list => resolve(list.getEntries().at(-1).startTime))
        .observe({ type: 'largest-contentful-paint', buffered: true });
    })`);
    paints.push(Number(paint));
    await context.close();
  }
  await browser.close();
  return { bytes, scriptBytes, paint: median(paints) };
}
