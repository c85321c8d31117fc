// The engine has an old TypeScript compiler take every `.ts` file that it requires. This is none, and what it imports is
// taken by Node itself, which strips the types.
import './index.ts';
