/**
 * Just enough SVG for charts. Every chart brings a light panel of its own, so it reads the same on a white and on a dark
 * page; nothing is loaded from elsewhere.
 */

/** Okabe and Ito (2008): colours that people with any colour vision tell apart. */
export const palette = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#e69f00',
  '#56b4e9',
  '#222222',
  '#8a8a8a',
];
export const ink = '#24292f';
export const faint = '#d0d7de';
const panel = '#ffffff';
const halo = { stroke: panel, 'stroke-width': 4, 'paint-order': 'stroke', 'stroke-linejoin': 'round' };

export type Attributes = Readonly<Record<string, string | number>>;

export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const written = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${escapeXml(String(typeof value === 'number' ? tidy(value) : value))}"`,
  );
  return children.length === 0
    ? `<${name}${written.join('')}/>`
    : `<${name}${written.join('')}>${children.join('')}</${name}>`;
}

export interface TextStyle {
  readonly size?: number;
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly weight?: 'normal' | 'bold';
  readonly fill?: string;
  /** Degrees around the text's own point. */
  readonly rotate?: number;
  /** A rim in the panel's colour, over whatever lies below. */
  readonly rim?: boolean;
}

export function text(x: number, y: number, content: string, style: TextStyle = {}): string {
  const { size = 12, anchor = 'start', weight = 'normal', fill = ink, rotate, rim = false } = style;
  const turned = rotate === undefined ? {} : { transform: `rotate(${rotate} ${tidy(x)} ${tidy(y)})` };
  return element(
    'text',
    {
      x,
      y,
      'font-size': size,
      'text-anchor': anchor,
      'font-weight': weight,
      fill,
      ...turned,
      ...(rim ? halo : {}),
    },
    escapeXml(content),
  );
}

export function line(x1: number, y1: number, x2: number, y2: number, more: Attributes = {}): string {
  return element('line', { x1, y1, x2, y2, stroke: faint, ...more });
}

/** A whole picture: its title for those who cannot see it, a panel, the content. */
export function picture(width: number, height: number, title: string, content: readonly string[]): string {
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: 'img',
    'font-family': 'system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif',
  };
  const background = {
    x: 0.5,
    y: 0.5,
    width: width - 1,
    height: height - 1,
    rx: 6,
    fill: panel,
    stroke: faint,
  };
  return `${element(
    'svg',
    attributes,
    element('title', {}, escapeXml(title)),
    element('rect', background),
    ...content.map((part) => `\n${part}`),
  )}\n`;
}

export function escapeXml(value: string): string {
  return value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

function tidy(value: number): number {
  return Math.round(value * 100) / 100;
}
