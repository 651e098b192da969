package dev.waybill;

import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The metadata that a supplier has given when it was first asked, by whichever thread. */
final class MetadataOnce {
  /** Until it is asked, and no longer: it may hold a delivery. */
  private @Nullable Supplier<Metadata> unasked;

  private volatile @Nullable Metadata given;

  MetadataOnce(Supplier<Metadata> supplier) {
    this.unasked = Objects.requireNonNull(supplier, "metadata");
  }

  /** The metadata that an envelope has: as such, or once they are asked for. */
  static Metadata of(Object kept) {
    return kept instanceof Metadata known ? known : ((MetadataOnce) kept).get();
  }

  private Metadata get() {
    Metadata known = given;
    return known == null ? ask() : known;
  }

  private synchronized Metadata ask() {
    Supplier<Metadata> supplier = unasked;
    if (supplier != null) {
      given = Objects.requireNonNull(supplier.get(), "the metadata that was supplied");
      unasked = null;
    }
    return Objects.requireNonNull(given);
  }
}
