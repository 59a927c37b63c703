import type { Movie } from './movie.ts';

/** Words that people search with, for each creative type; they go before the genre. */
const typeWords: Readonly<Record<string, string>> = {
  'Contemporary Fiction': 'contemporary',
  'Historical Fiction': 'historical',
  Fantasy: 'fantasy',
  'Science Fiction': 'science fiction (sci-fi)',
  Dramatization: 'true story',
  'Kids Fiction': 'family',
  Factual: 'factual',
  'Super Hero': 'superhero comic book',
};

const genreWords: Readonly<Record<string, string>> = {
  Comedy: 'funny comedy',
  'Romantic Comedy': 'funny romantic comedy and love story',
  'Black Comedy': 'black comedy with dark humor',
  Drama: 'drama',
  Action: 'action',
  Adventure: 'adventure',
  Thriller: 'suspense thriller',
  Horror: 'frightening horror',
  Musical: 'musical with songs',
  Documentary: 'documentary',
  Western: 'western',
  Concert: 'concert',
};

const sourceWords: Readonly<Record<string, string>> = {
  'Original Screenplay': 'from an original screenplay',
  'Based on Book/Short Story': 'based on a book or short story',
  'Based on Factual Book/Article': 'based on a factual book or article',
  'Based on Magazine Article': 'based on a magazine article',
  'Based on Real Life Events': 'based on real life events, a true story',
  'Based on Comic/Graphic Novel': 'based on a comic or graphic novel',
  'Based on TV': 'based on a TV series',
  'Based on Play': 'based on a play',
  'Based on Musical/Opera': 'based on a musical or opera',
  'Based on Game': 'based on a game',
  'Based on Toy': 'based on a toy',
  'Based on Short Film': 'based on a short film',
  'Traditional/Legend/Fairytale': 'based on a legend or fairytale',
  'Disney Ride': 'based on a Disney ride',
  'Musical Group Movie': 'about a musical group',
  Remake: 'a remake',
  'Spin-Off': 'a spin-off',
  Compilation: 'a compilation',
};

/**
 * What is known about a film as short sentences with the words that people search for; the package has no plots.
 * They say `film`: `movie` stays a word of titles (and of what is for kids), so that `scary movie` finds Scary Movie.
 */
export function movieText(movie: Omit<Movie, 'id' | 'text'>): string {
  const kind = present([typeWords[movie.types ?? ''], genreWords[movie.genres[0] ?? ''], 'film']).join(' ');
  const origin = movie.sources === null ? null : (sourceWords[movie.sources] ?? movie.sources);
  const credits = present([movie.directors === null ? null : `directed by ${movie.directors}`, origin]).join(
    ', ',
  );
  const sentences = [`${kind} of ${movie.year}`, credits, ...movie.collections.map((name) => `${name} film`)];
  if (movie.types === 'Kids Fiction') sentences.push('a movie for kids and the whole family');
  return sentences
    .filter((sentence) => sentence !== '')
    .map((sentence) => `${upperFirst(sentence)}.`)
    .join(' ');
}

function present(parts: readonly (string | null | undefined)[]): string[] {
  return parts.filter((part): part is string => part !== null && part !== undefined);
}

function upperFirst(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
