import { eachNativeVariant } from '../support/native-variants.ts';
import { rowScannerContract } from './row-scanner.contract.ts';

eachNativeVariant((name, { rowScanner }) => rowScannerContract(name, () => rowScanner));
