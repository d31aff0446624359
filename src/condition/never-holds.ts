import type { ChangeKind } from '../domain/change.ts';
import type { ConditionProblem } from '../domain/condition.ts';
import type { Compare, Expression, Fact, Membership } from './expression.ts';
import { OPERATIONS } from './fact-problem.ts';

type Operation = (typeof OPERATIONS)[number];

/** A condition that holds for none of the kinds of change that a rule is about, whatever the rows are. */
export function neverHolds(root: Expression, on: ReadonlySet<ChangeKind>): ConditionProblem | undefined {
  const asked = OPERATIONS.filter((operation) => on.has(operation));
  if (asked.length === 0 || asked.some((operation) => answerOf(root, operation) !== false)) return undefined;
  return {
    message: `the condition can never hold for ${asked.join(', ')}`,
    offset: root.offset,
    remedy: 'op has one value a change, and `on` says which there are',
  };
}

/** Undefined where it hangs on more than the kind of change. */
function answerOf(node: Expression, operation: Operation): boolean | undefined {
  switch (node.kind) {
    case 'literal':
      return node.type === 'bool' ? node.text === 't' : undefined;
    case 'absent':
      return node.image === 'old' && operation === 'insert';
    case 'compare':
      return compared(node, operation);
    case 'in':
      return contained(node, operation);
    case 'not': {
      const answer = answerOf(node.operand, operation);
      return answer === undefined ? undefined : !answer;
    }
    case 'and':
    case 'or': {
      // What decides, whatever the others are.
      const decisive = node.kind === 'or';
      const answers = node.operands.map((operand) => answerOf(operand, operation));
      if (answers.includes(decisive)) return decisive;
      return answers.includes(undefined) ? undefined : !decisive;
    }
    default:
      return undefined;
  }
}

function compared({ left, right, operator }: Compare, operation: Operation): boolean | undefined {
  if (operator !== '==' && operator !== '!=') return undefined;
  const text = isOperation(left) ? textOf(right) : isOperation(right) ? textOf(left) : undefined;
  return text === undefined ? undefined : (text === operation) === (operator === '==');
}

function contained({ operand, container }: Membership, operation: Operation): boolean | undefined {
  if (!isOperation(operand) || container.kind !== 'list') return undefined;
  const texts = container.elements.map(textOf);
  if (texts.includes(operation)) return true;
  return texts.includes(undefined) ? undefined : false;
}

function isOperation(node: Expression): node is Fact {
  return node.kind === 'fact' && node.variable === 'op';
}

function textOf(node: Expression): string | undefined {
  return node.kind === 'literal' && node.type === 'string' ? (node.text ?? undefined) : undefined;
}
