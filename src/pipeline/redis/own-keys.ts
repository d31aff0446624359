/** Begins every key that Freshet keeps for itself. Purges spare them, whatever their pattern. */
export const OWN_PREFIX = 'freshet:';
