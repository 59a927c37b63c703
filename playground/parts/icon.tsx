const paths = {
  search: 'M11 4a7 7 0 1 0 4.4 12.4L20 21m-4.6-4.6A7 7 0 0 0 11 4',
  heart: 'M12 20s-7.5-4.6-7.5-10A4.3 4.3 0 0 1 12 7.4 4.3 4.3 0 0 1 19.500 10c0 5.400-7.500 10-7.500 10z',
  hide: 'M4 4l16 16M9.900 5.300A9.500 9.500 0 0 1 12 5c5 0 8.500 4.500 9.500 7a13 13 0 0 1-3 4.200M6.300 6.900A13 13 0 0 0 2.500 12c1 2.500 4.500 7 9.500 7a9.300 9.300 0 0 0 4.500-1.200M10 10.200a2.700 2.700 0 0 0 3.800 3.800',
  close: 'M6 6l12 12M18 6L6 18',
  down: 'M6 9l6 6 6-6',
  copy: 'M9 9h10v11H9zM15 9V4H5v11h4',
  key: 'M8 11.500a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM11 12.700L19.500 4M16 7.500l3 3M13.500 10l2 2',
  plus: 'M12 5v14M5 12h14',
} as const;

export type IconName = keyof typeof paths;

/** A drawing beside or instead of a word; whatever holds it has the word for those who do not see it. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class={`icon icon-${name}`} viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}
