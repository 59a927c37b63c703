/** A row of movies.json as the package has it. */
export interface RawMovie {
  readonly Title: string | number | null;
  readonly 'US Gross': number | null;
  readonly 'Worldwide Gross': number | null;
  readonly 'US DVD Sales': number | null;
  readonly 'Production Budget': number | null;
  readonly 'Release Date': string;
  readonly 'MPAA Rating': string | null;
  readonly 'Running Time min': number | null;
  readonly Distributor: string | null;
  readonly Source: string | null;
  readonly 'Major Genre': string | null;
  readonly 'Creative Type': string | null;
  readonly Director: string | null;
  readonly 'Rotten Tomatoes Rating': number | null;
  readonly 'IMDB Rating': number | null;
  readonly 'IMDB Votes': number | null;
}

/** A cleaned row, in the form that demo/movies.schema.json describes; null where the package knows nothing. */
export interface Movie {
  readonly id: string;
  readonly title: string;
  readonly text: string;
  readonly released: string;
  readonly year: number;
  readonly genres: readonly string[];
  readonly types: string | null;
  readonly sources: string | null;
  readonly directors: string | null;
  readonly distributors: string | null;
  readonly collections: readonly string[];
  readonly mpaa: string | null;
  readonly runtime: number | null;
  readonly imdb: number | null;
  readonly votes: number | null;
  readonly rotten_tomatoes: number | null;
  readonly us_gross: number | null;
  readonly gross: number | null;
  readonly dvd_sales: number | null;
  readonly budget: number | null;
}
