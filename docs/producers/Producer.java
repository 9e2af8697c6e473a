import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.GeneralSecurityException;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * Turns a messenger's own log (tab-separated lines, see README.md) into contract records, one JSON line each. It runs
 * where the messenger's servers run (Java 17 or later): java Producer.java pseudonym.key &lt; log.tsv | unopened check --events -
 */
public final class Producer {
    // What the log says, in the contract's words. Nothing but these words can get into a record.
    private static final Map<String, String> TYPES = Map.of(
        "registered", "account_registered", "signed_in", "login", "sent", "message", "called", "call",
        "asked", "contact_request", "accepted", "contact_accept", "blocked", "block", "reported", "report");
    private static final Map<String, String> KINDS = Map.of("pair", "direct", "group", "group", "channel", "channel");
    private static final Map<String, String> HARMS = Map.of("spam", "spam", "scam", "scam", "grooming", "grooming",
        "harassment", "harassment", "other", "other");

    private final Mac mac = Mac.getInstance("HmacSHA256");
    private final StringBuilder out = new StringBuilder();

    private Producer(byte[] key) throws GeneralSecurityException {
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
    }

    /** The first size bytes of HMAC-SHA-256(key, domain followed by id), in hexadecimal digits. */
    private String pseudonym(String domain, String id, int size) {
        return HexFormat.of().formatHex(mac.doFinal((domain + id).getBytes(UTF_8)), 0, size);
    }

    /** Reads the key, which only its owner may touch. No error shows anything of it. */
    private static byte[] readKey(Path file) throws IOException {
        Set<PosixFilePermission> owner = Set.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE,
            PosixFilePermission.OWNER_EXECUTE);
        if (!Files.isRegularFile(file)) {
            throw new IOException("there is no key file " + file);
        }
        if (!owner.containsAll(Files.getPosixFilePermissions(file))) {
            throw new IOException(file + " can be touched by others: chmod 600 " + file);
        }
        String text = new String(Files.readAllBytes(file), ISO_8859_1).strip();
        if (!text.matches("([0-9a-fA-F]{2}){32,}")) {
            throw new IOException(file + " does not hold 64 or more hexadecimal digits");
        }
        return HexFormat.of().parseHex(text);
    }

    private void add(String field, Object value) {
        out.append(out.length() == 1 ? "\"" : ",\"").append(field).append("\":").append(value);
    }

    private void word(String field, String word, Map<String, String> words) {
        if (!word.isEmpty()) {
            require(words.containsKey(word));
            add(field, '"' + words.get(word) + '"');
        }
    }

    private void name(String field, String domain, String id, int size) {
        if (!id.isEmpty()) {
            add(field, '"' + pseudonym(domain, id, size) + '"');
        }
    }

    private static long number(String text) {
        require(text.matches("[0-9]{1,18}"));
        return Long.parseLong(text);
    }

    private static void require(boolean sound) {
        if (!sound) {
            throw new IllegalArgumentException();
        }
    }

    /** Makes the record of a line, its fields in the contract's order. */
    private String record(String line) {
        String[] c = line.split("\t", -1);
        require(c.length == 12);
        out.setLength(0);
        out.append('{');
        add("v", 1);
        name("id", "event", c[0], 16); // the same event has the same id, however often it is sent
        word("type", c[2], TYPES);
        add("at", number(c[1]));
        name("actor", "account", c[3], 16);
        name("target", "account", c[4], 16);
        name("conversation", "conversation", c[5], 16);
        word("kind", c[6], KINDS);
        if (!c[7].isEmpty()) {
            add("size", 63 - Long.numberOfLeadingZeros(number(c[7]) | 1)); // log2 of the ciphertext's length
        }
        name("device", "device", c[8], 8);
        name("network", "network", c[9], 8);
        if (!c[10].isEmpty()) {
            require(c[10].matches("[A-Z]{2}"));
            add("country", '"' + c[10] + '"');
        }
        word("category", c[11], HARMS);
        return out.append('}').toString();
    }

    public static void main(String[] args) throws Exception {
        if (args.length != 1) {
            fail("usage: producer KEYFILE < LOG");
        }
        Producer producer = null;
        try {
            producer = new Producer(readKey(Path.of(args[0])));
        } catch (IOException e) {
            fail(e.getMessage());
        }
        var lines = new BufferedReader(new InputStreamReader(System.in, UTF_8));
        var out = new PrintStream(System.out, false, UTF_8);
        int number = 0;
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            number++;
            try {
                // To Kafka, with org.apache.kafka:kafka-clients and acks=all, enable.idempotence=true:
                //   producer.send(new ProducerRecord<>("unopened.raw.v1", actor, record))
                out.print(producer.record(line) + "\n");
            } catch (IllegalArgumentException e) { // never what the line says
                out.flush();
                fail("line " + number + " is not as README.md says");
            }
        }
        out.flush();
    }

    private static void fail(String why) {
        System.err.println(why);
        System.exit(1);
    }
}
