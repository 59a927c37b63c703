import { JsRowScanner } from '../../src/adapters/js/js-row-scanner.ts';
import { rowScannerContract } from './row-scanner.contract.ts';

rowScannerContract('js', () => new JsRowScanner());
