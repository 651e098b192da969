package dev.waybill;

import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The metadata that a supplier has given when it was first asked, by whichever thread. */
final class MetadataOnce implements Supplier<Metadata> {
  /** Until it is asked, and no longer: it may hold a delivery. */
  private @Nullable Supplier<Metadata> unasked;

  private volatile @Nullable Metadata given;

  MetadataOnce(Supplier<Metadata> supplier) {
    this.unasked = Objects.requireNonNull(supplier, "metadata");
  }

  @Override
  public Metadata get() {
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
