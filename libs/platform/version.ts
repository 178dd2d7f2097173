/** The product's version, as all its packages have it. */
export const PRODUCT_VERSION = '0.1.0';
