import { Budget as BillingBudget } from '@pulumi/gcp/billing/index.js';
import { ComponentResource, type ComponentResourceOptions, type Input } from '@pulumi/pulumi';

export interface BudgetArgs {
  stage: string;
  /** Of the project: budgets know no ids. */
  projectNumber: string;
  billingAccount: string;
  currency: string;
  /** What a month may cost, in whole units of the currency. */
  monthly: number;
  /** Notification channel of who is told. */
  channel: Input<string>;
}

/** Shares of the budget at which people are told: of what is spent, and of what the month will cost as it goes on. */
const spent = [0.5, 0.9, 1];
const forecast = [1.1];

/** Tells people of the stage's costs before the bill does. It stops nothing. */
export class Budget extends ComponentResource {
  constructor(name: string, args: BudgetArgs, opts?: ComponentResourceOptions) {
    super('gocenter:cloud:Budget', name, {}, opts);
    new BillingBudget(
      name,
      {
        displayName: `GoCenter ${args.stage}`,
        billingAccount: args.billingAccount,
        budgetFilter: { projects: [`projects/${args.projectNumber}`] },
        amount: { specifiedAmount: { currencyCode: args.currency, units: String(args.monthly) } },
        thresholdRules: [
          ...spent.map(thresholdPercent => ({ thresholdPercent, spendBasis: 'CURRENT_SPEND' })),
          ...forecast.map(thresholdPercent => ({ thresholdPercent, spendBasis: 'FORECASTED_SPEND' })),
        ],
        allUpdatesRule: { monitoringNotificationChannels: [args.channel], disableDefaultIamRecipients: false },
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
