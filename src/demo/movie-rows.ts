import { slug } from '../std/slug.ts';
import type { Movie, RawMovie } from './movie.ts';
import { movieText } from './movie-text.ts';

/** `Title year` of films, by the name of their collection (demo/collections.json). */
export type Collections = Readonly<Record<string, readonly string[]>>;

/** Genres that are kinds of another one, so that a filter on Comedy finds all comedies. */
const genresOf: Readonly<Record<string, readonly string[]>> = {
  'Romantic Comedy': ['Romantic Comedy', 'Comedy', 'Romance'],
  'Black Comedy': ['Black Comedy', 'Comedy'],
  'Thriller/Suspense': ['Thriller', 'Suspense'],
  'Concert/Performance': ['Concert'],
};

/** No film of the package is newer; what is was written with two digits and read as 20xx. */
const newestYear = 2011;

/** Latin-1 letters that someone read as Mac Roman: `LÈon`. A right letter that is also a key does not occur. */
const misread: Readonly<Record<string, string>> = {
  È: 'é', // U+00C8
  Ë: 'è',
  Í: 'ê',
  Î: 'ë',
  '‡': 'à',
  '·': 'á',
  '‰': 'ä',
  Û: 'ó',
  Ù: 'ô',
  '˘': 'ù',
  Ω: '½',
  Ö: '…',
};

/**
 * Cleans the rows of vega-datasets' movies.json, one document for each, in their order: titles are numbers, null, misread
 * or have their article at the end; two-digit years were read as 20xx; there are no ids (slug of title and date, numbered
 * where two agree).
 */
export function cleanMovies(rows: readonly RawMovie[], collections: Collections): Movie[] {
  const collectionsOf = new Map<string, string[]>();
  for (const [name, films] of Object.entries(collections))
    for (const film of films) collectionsOf.set(film, [...(collectionsOf.get(film) ?? []), name]);
  const taken = new Map<string, number>();
  return rows.map((row) => {
    const title = titleOf(row.Title);
    const released = releasedOn(row['Release Date']);
    const stem = `${slug(title) || 'untitled'}-${released}`;
    const count = (taken.get(stem) ?? 0) + 1;
    taken.set(stem, count);
    const year = Number(released.slice(0, 4));
    const base = {
      id: count === 1 ? stem : `${stem}-${count}`,
      title,
      released,
      year,
      genres: row['Major Genre'] === null ? [] : (genresOf[row['Major Genre']] ?? [row['Major Genre']]),
      types: row['Creative Type'],
      sources: row.Source,
      directors: row.Director,
      distributors: row.Distributor === 'Distributor Unknown' ? null : row.Distributor,
      collections: collectionsOf.get(`${title} ${year}`) ?? [],
      // `Open` is a slip; `Not Rated` is a fact, though it has no place on the scale.
      mpaa: row['MPAA Rating'] === 'Open' ? null : row['MPAA Rating'],
      runtime: row['Running Time min'],
      imdb: row['IMDB Rating'],
      votes: row['IMDB Votes'],
      rotten_tomatoes: row['Rotten Tomatoes Rating'],
      us_gross: row['US Gross'],
      gross: row['Worldwide Gross'],
      dvd_sales: row['US DVD Sales'],
      budget: row['Production Budget'],
    };
    return { ...base, text: movieText(base) };
  });
}

function titleOf(raw: string | number | null): string {
  const title = String(raw ?? 'Untitled')
    .replace(/[ÈËÍÎ‡·‰ÛÙ˘ΩÖ]/g, (letter) => misread[letter]!)
    .replace(/\s+/g, ' ')
    .trim();
  return title.replace(/^(.+), (The|A|An|Les|Le|La)$/, '$2 $1');
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Jun 12 1998` -> `1998-06-12`. */
function releasedOn(text: string): string {
  const [, month, day, year] = /^([A-Z][a-z]{2}) (\d{2}) (\d{4})$/.exec(text) ?? [];
  const monthNumber = months.indexOf(month ?? '') + 1;
  if (monthNumber === 0) throw new Error(`movies.json has an unknown form of date: ${text}`);
  const fullYear = Number(year) > newestYear ? Number(year) - 100 : Number(year);
  return `${fullYear}-${String(monthNumber).padStart(2, '0')}-${day}`;
}
